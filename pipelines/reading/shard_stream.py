"""The byte stream of a shard that is one file, with a count of the bytes read."""

import io
from collections.abc import Sequence
from typing import BinaryIO

from pipelines.reading.content_samples import (
    END_SIZE,
    SampledBlocks,
    digest_of_end,
    digest_of_sample,
)
from pipelines.storage.expected_ranges import Range, expect
from pipelines.storage.storage import Storage, is_pinned
from schemas.errors import ShardFault
from schemas.sample import Unit

# Reasons of faults which say that a shard is not the one that was planned.
CHANGED = frozenset({"shard_changed", "shard_missing"})


class CountedStream:
    """A seekable stream that counts the bytes read, for progress and for the offset of a fault."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.bytes_read = 0
        self.position = 0  # offset of the next byte

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

    def expect(self, ranges: Sequence[Range]) -> None:
        """Say which ranges are read next, each of them forwards, so that they are fetched ahead."""
        expect(self._stream, ranges)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return self._stream.closed

    def close(self) -> None:
        self._stream.close()


class ShardFile(CountedStream):
    """The stream of a unit's file; raises FileNotFoundError if the file does not exist."""

    def __init__(self, unit: Unit, storage: Storage) -> None:
        super().__init__(storage.open(unit.path, unit.version))
        self._unit = unit
        self._storage = storage

    def check_unchanged(self) -> None:
        """Raise ShardFault if the file is not in the unit's version any more.

        If it is, all bytes that were read so far are of that version. A unit without a version is
        not checked, and neither is a stream that is pinned to the version: reading it fails if the
        version is gone.
        """
        if not self._unit.version or is_pinned(self._stream):
            return
        entry = self._storage.entry(self._unit.path)
        if entry is None:
            raise ShardFault("shard_missing", self.position)
        if entry.version != self._unit.version:
            raise ShardFault("shard_changed", self.position)

    def digest(self) -> str:
        """Return the digest of the file; what was not read of its blocks is read now.

        Raises ShardFault if the file is not as large any more as it was planned.
        """
        try:
            return self._digest()
        except EOFError:
            raise ShardFault("shard_changed", self.position) from None

    def _digest(self) -> str:
        raise NotImplementedError

    def _open_again(self) -> BinaryIO:
        return self._storage.open(self._unit.path, self._unit.version)


class SampledFile(ShardFile):
    """A file that is read forwards, whose digest is of blocks spread over the file."""

    def __init__(self, unit: Unit, storage: Storage) -> None:
        super().__init__(unit, storage)
        self._blocks = SampledBlocks(unit.size)

    def read(self, size: int = -1) -> bytes:
        start = self.position
        content = super().read(size)
        if self.position > self._blocks.wanted:
            self._blocks.take(start, content)
        return content

    def _digest(self) -> str:
        return digest_of_sample(self._blocks.sample(self._open_again))


class FileWithFooter(ShardFile):
    """A file whose last bytes are read first, and whose digest is of these bytes."""

    def __init__(self, unit: Unit, storage: Storage) -> None:
        super().__init__(unit, storage)
        self._size = 0
        self._end_start = -1  # offset of the last bytes, until they are read
        self._end_digest = ""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = super().seek(offset, whence)
        if whence == io.SEEK_END and not offset and not self._end_digest:
            self._size, self._end_start = position, max(0, position - END_SIZE)
        return position

    def read(self, size: int = -1) -> bytes:
        start = self.position
        content = super().read(size)
        if start == self._end_start and self.position == self._size:
            self._end_digest, self._end_start = digest_of_end(self._size, content), -1
        return content

    def _digest(self) -> str:
        if not self._end_digest:
            with self._open_again() as stream:
                size = stream.seek(0, io.SEEK_END)
                stream.seek(max(0, size - END_SIZE))
                self._end_digest = digest_of_end(size, stream.read(END_SIZE))
        return self._end_digest


class PrefixedStream:
    """A stream that puts back first bytes which have been read already."""

    def __init__(self, start: bytes, rest: CountedStream) -> None:
        self._start, self._rest = start, rest

    def read(self, size: int = -1) -> bytes:
        if not self._start:
            return self._rest.read(size)
        end = len(self._start) if size < 0 else size
        start, self._start = self._start[:end], self._start[end:]
        return start + self._rest.read(size if size < 0 else size - len(start))
