"""Bounds the requests to services for an output, over all its processes, runs and machines.

A process takes requests in grants. A grant is a file that is created only if absent, and holds how
many requests it allows. To take the next one, a process reads those before it, so that the sum of
all grants never exceeds the bound, whatever dies or starts at the same time, and needs no server.
Requests that a process was granted and did not send when it ended are lost: at most one grant's.
Where a file system has no hard links, a grant may be empty: its process is about to write it, or
was killed before that. It counts as the largest that a process takes of this bound.
"""

from urllib.parse import quote

from pipelines.output.layout import Layout
from pipelines.storage.storage import Storage
from schemas.errors import JobError

# For a whole bound, at least: more grants cost more small files, fewer lose more requests.
_GRANTS, _GRANTS_PER_WORKER = 256, 4


class RequestGrants:
    """The grants of an output, as a process has read them."""

    def __init__(self, layout: Layout, storage: Storage, workers: int | None = None) -> None:
        """Begin without grants; `workers` is how many processes of a run share them, if known."""
        self._grants = max(_GRANTS, _GRANTS_PER_WORKER * (workers or 0))
        self._layout = layout
        self._storage = storage
        self._taken: dict[str, tuple[int, int]] = {}  # filter -> grants, and their requests

    def take(self, filter: str, bound: int) -> int:
        """Return how many more requests this process may send; 0 if all of the bound are granted.

        The bound may have changed since earlier grants. Raises OSError if storage fails.
        """
        number, granted = self._taken.get(filter, (0, 0))
        while True:
            path = self._layout.request_grant(quote(filter, safe=""), number)
            size = min(-(-bound // self._grants), bound - granted)
            try:
                if size > 0:
                    self._storage.create(path, str(size).encode())
                    self._taken[filter] = number + 1, granted + size
                    return size
                other = self._read(path, bound)
            except FileExistsError:
                other = self._read(path, bound)
            if other is None:
                self._taken[filter] = number, granted
                return 0
            number, granted = number + 1, granted + other

    def _read(self, path: str, bound: int) -> int | None:
        """Return the requests of a grant; None if nobody has taken it."""
        try:
            content = self._storage.read_bytes(path)
        except FileNotFoundError:
            return None
        if not content:
            return -(-bound // _GRANTS)
        if not content.isdigit() or len(content) > 18:
            raise JobError(
                f"{path}: is damaged: delete it, and lower max_requests by what was sent"
            )
        return int(content)
