"""A shard's bytes, counted; and what of it can be saved."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.reading.raw_sample import RawSample
from schemas.errors import ShardFault


class CountedStream:
    """Counts what is read from storage, for progress and for the place of a fault."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.bytes_read = 0
        self.position = 0  # behind the last byte read
        self.fault: ShardFault | None = None  # met where what came before it is salvaged

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.bytes_read += len(content)
        self.position += len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.position = self._stream.seek(offset, whence)
        return self.position

    def tell(self) -> int:
        return self.position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return self._stream.closed

    def close(self) -> None:
        self._stream.close()


def salvage(samples: Iterator[RawSample], stream: CountedStream) -> Iterator[RawSample]:
    """The samples before the first fault, which is noted on the stream; raised if there are none.

    The sample in which the fault is met is not among them: nothing says that it is whole.
    """
    any_read = False
    try:
        for sample in samples:
            any_read = True
            yield sample
    except ShardFault as fault:
        if not any_read:
            raise
        stream.fault = fault
