"""Opens a unit of a shard, whatever the shard's format."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from pipelines.config.input import Input
from pipelines.reading import CountedStream, RawSample, Wanted, read_unit, salvage
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault
from schemas.sample import Unit


class OpenUnit:
    """A unit that is being read: iterate once over its samples, in order, then close it."""

    def __init__(self, unit: Unit, stream: CountedStream, wanted: Wanted, salvaged: bool) -> None:
        self._stream = stream
        samples = read_unit(unit, stream, wanted)
        self._samples = salvage(samples, stream) if salvaged else samples

    @property
    def bytes_read(self) -> int:
        """Bytes read from storage so far, for progress."""
        return self._stream.bytes_read

    @property
    def fault(self) -> ShardFault | None:
        """The fault that ended a salvaged unit early; None while there is none."""
        return self._stream.fault

    def __iter__(self) -> Iterator[RawSample]:
        """The samples; raises ShardFault where the shard is cut or damaged, unless salvaged."""
        return self._samples

    def fault_here(self, reason: str) -> ShardFault:
        """A fault with this reason at the position that has been reached."""
        return ShardFault(reason, self._stream.position)

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_unit(unit: Unit, storage: Storage, given: Input, *, texts: bool = True) -> OpenUnit:
    """Open a unit as the job's `input` says; without `texts`, images and keys alone are read.

    Raises ShardFault where the shard is not there.
    """
    limits = given.limits
    wanted = Wanted(
        given.text_members() if texts else frozenset(),
        given.image,
        limits.max_image_bytes,
        limits.max_text_bytes,
        limits.max_members,
    )
    try:
        stream = CountedStream(storage.open(unit.path))
    except FileNotFoundError:
        raise ShardFault("shard_missing", 0) from None
    return OpenUnit(unit, stream, wanted, given.on_bad_shard == "salvage")
