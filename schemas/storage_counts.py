"""Counts of the requests to object stores, as reports and summaries have them."""

from schemas.frozen import Frozen
from schemas.sums import add_fields


class StorageCounts(Frozen):
    """The requests to object stores; files of this machine are not counted."""

    bytes_read: int = 0
    """The bytes of objects that were received."""
    bytes_written: int = 0
    """The bytes of objects that were sent."""
    get_requests: int = 0
    """The requests for an object or its head."""
    put_requests: int = 0
    """The requests that write an object or a part of one."""
    list_requests: int = 0
    """The requests for a page of a listing."""
    delete_requests: int = 0
    """The requests that delete objects."""
    retries: int = 0
    """The requests, and rests of bodies, that were sent again; they are counted above too."""
    seconds_waited: float = 0.0
    """The seconds before retries, and those by which requests were delayed for a busy store."""

    def __add__(self, other: "StorageCounts") -> "StorageCounts":
        sums = add_fields(self, other)
        sums["seconds_waited"] = round(sums["seconds_waited"], 3)
        return StorageCounts(**sums)

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of the counts."""
        return list(cls.model_fields)


def add_storage(left: StorageCounts | None, right: StorageCounts | None) -> StorageCounts | None:
    """Add the requests of two reports; None means that there were none."""
    return left + right if left and right else left or right
