"""A storage of which only a certain number of bytes is read, for a look at a shard's beginning."""

import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

from pipelines.storage.expected_ranges import Range, expect
from pipelines.storage.storage import Entry, Storage, is_pinned


class BoundReached(Exception):
    """The end of what a BoundedStorage reads."""


class BoundedStorage(Storage):
    """A storage that raises BoundReached after so many bytes or seconds, and writes nothing.

    The bytes bound the look at a large member, the seconds a compressed shard that expands to much
    more than its size.
    """

    def __init__(self, storage: Storage, max_bytes: int, max_seconds: float) -> None:
        self._storage = storage
        self._bytes_left = max_bytes
        self._end = time.monotonic() + max_seconds

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        return self._storage.list(folder, recursive, follow_links)

    def entry(self, path: str) -> Entry | None:
        return self._storage.entry(path)

    def open(self, path: str, version: str = "") -> BinaryIO:
        return cast(BinaryIO, _BoundedStream(self._storage.open(path, version), self))

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        raise NotImplementedError

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        raise NotImplementedError

    def delete(self, path: str) -> None:
        raise NotImplementedError

    def take(self, size: int) -> None:
        """Count bytes that were read; raise BoundReached after the last one."""
        self._bytes_left -= size
        if self._bytes_left < 0 or time.monotonic() > self._end:
            raise BoundReached


class _BoundedStream:
    """A stream that counts what is read against the bound of its storage."""

    def __init__(self, stream: BinaryIO, storage: BoundedStorage) -> None:
        self._stream = stream
        self._storage = storage

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self._storage.take(len(content))
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def expect(self, ranges: Sequence[Range]) -> None:
        expect(self._stream, ranges)

    @property
    def is_pinned(self) -> bool:
        return is_pinned(self._stream)

    @property
    def closed(self) -> bool:
        return self._stream.closed

    def close(self) -> None:
        self._stream.close()

    def __enter__(self) -> "_BoundedStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
