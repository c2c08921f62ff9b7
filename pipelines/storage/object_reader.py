"""Reads an object as a seekable stream, in the version in which it was opened."""

import errno
import io
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

from pipelines.concurrency.prefetch import prefetch
from pipelines.storage.expected_ranges import ExpectedRanges, Range
from pipelines.storage.object_errors import os_errors
from pipelines.storage.object_head import head
from pipelines.storage.object_version import condition, version_of

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

# Bytes that one step of a stream fetches, at least; 4 MiB take 20 % more CPU time, because fewer of
# them are in the processor's cache when they are copied.
_CHUNK = 1 << 20
_AHEAD = 16  # chunks fetched before they are read
_REQUESTS = 16  # of expected ranges at once, in this process
_MIN_RANGE = 64 << 10  # bytes of the first request after a seek
_MAX_RANGE = 16 << 20  # each further request without a seek is twice as large, up to this


class ObjectReader(io.RawIOBase):
    """A stream over one version of an object.

    Reading from the beginning is one request, whose next bytes are fetched while the last are used:
    `_AHEAD` chunks at most. After a seek, ranges are requested, and each range without a seek
    between is twice as large as the one before. With `expect`, the ranges that are read next are
    known, and no others are requested. Bytes of two versions are never mixed: reading
    raises an OSError with ESTALE if the object is in another version by then.
    """

    def __init__(self, store: "ObjectStore", key: str, url: str, version: str = "") -> None:
        """Open an object; raise FileNotFoundError if there is none.

        With a known `version`, nothing is requested before the first read, which raises the errors.
        """
        super().__init__()
        self._store, self._key, self._url = store, key, url
        self._version = version
        self._size: int | None = None
        if not version:
            self._ask()
        self._position = 0
        self._buffer = memoryview(b"")
        self._range = 0  # bytes of the last ranged request; 0: none yet
        self._stream: Generator[bytes, None, None] | None = None  # from the beginning on
        self._expected: ExpectedRanges | None = None

    @property
    def size(self) -> int:
        """The size of the object in bytes."""
        if self._size is None:
            self._ask()
        assert self._size is not None
        return self._size

    def _ask(self) -> None:
        self._accept(head(self._store, self._key, self._url))

    def _accept(self, meta: "ObjectMeta") -> None:
        """Take the size from an answer; raise ESTALE if the answer is of another version."""
        version = version_of(meta)
        if self._version and version != self._version:
            raise OSError(errno.ESTALE, "the object was replaced", self._url)
        self._version, self._size = version, int(meta["size"])

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        target = (self.size if start is None else start) + offset
        if target < 0:
            raise ValueError(f"seek to the negative offset {target}")
        ahead = target - self._position
        if 0 <= ahead <= len(self._buffer):
            self._buffer = self._buffer[ahead:]
        else:
            self._end_stream()
            self._buffer, self._range = memoryview(b""), _MIN_RANGE // 2
        self._position = target
        return target

    def expect(self, ranges: Sequence[Range]) -> None:
        """Fetch the ranges that are read next ahead, each of them forwards."""
        self._end_expected()
        self._expected = ExpectedRanges(ranges, self.size, self._begin_range)

    def _begin_range(self, start: int, end: int) -> "Future[bytes]":
        return _requests().submit(self._range_content, start, end)

    def readinto(self, target: "bytearray | memoryview") -> int:  # type: ignore[override]
        view = memoryview(target).cast("B")
        if not self._buffer and len(view):
            self._buffer = memoryview(self._next(len(view)))
        count = min(len(view), len(self._buffer))
        view[:count] = self._buffer[:count]
        self._buffer = self._buffer[count:]
        self._position += count
        return count

    def read(self, size: int | None = -1) -> bytes:
        """Return `size` bytes, and fewer at the end alone; without `size`, all that are left."""
        if size is None or size < 0:
            size = max(0, self.size - self._position)
        if size <= len(self._buffer):  # the usual case: one copy
            content, self._buffer = bytes(self._buffer[:size]), self._buffer[size:]
            self._position += size
            return content
        pieces, missing = [], size
        while missing:
            if not self._buffer:
                self._buffer = memoryview(self._next(missing))
            if not self._buffer:
                break
            piece = self._buffer[:missing]
            pieces.append(piece)
            missing -= len(piece)
            self._buffer = self._buffer[len(piece) :]
            self._position += len(piece)
        return b"".join(pieces)

    def _next(self, wanted: int) -> "bytes | memoryview":
        """Return the next bytes at the current position; none at the end alone.

        Raises OSError if the object ends before its size.
        """
        if self._expected and (content := self._expected.read(self._position)):
            return content
        if self._position == 0 and not self._range and self._stream is None:
            self._stream = self._start_stream()
        if self._size is not None and self._position >= self._size:
            return b""
        if self._stream is None:
            return self._next_range(wanted)
        chunk = next(self._stream, b"")
        if not chunk:
            raise OSError(errno.EIO, f"ended at byte {self._position}", self._url)
        return chunk

    def _start_stream(self) -> Generator[bytes, None, None]:
        with os_errors(self._url):
            result = self._store.get(self._key, options=self._options())
        self._accept(result.meta)
        return prefetch(_chunks(result.stream(_CHUNK), self._url), _AHEAD)

    def _next_range(self, wanted: int) -> bytes:
        self._range = min(_MAX_RANGE, max(2 * self._range, wanted, _MIN_RANGE))
        return self._range_content(self._position, min(self.size, self._position + self._range))

    def _range_content(self, start: int, end: int) -> bytes:
        options = self._options() | {"range": (start, end)}
        with os_errors(self._url):
            result = self._store.get(self._key, options=options)
            content = bytes(result.bytes())
        self._accept(result.meta)
        if len(content) != end - start:
            raise OSError(errno.EIO, f"ended at byte {start + len(content)}", self._url)
        return content

    def _options(self) -> Any:
        known = condition(self._version) if self._version else None
        return {"if_match": known} if known else {}

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _end_expected(self) -> None:
        if self._expected is not None:
            self._expected.close()
            self._expected = None

    def close(self) -> None:
        self._end_stream()
        self._end_expected()
        super().close()


@cache
def _requests() -> ThreadPoolExecutor:
    """Return the threads of this process that fetch expected ranges."""
    return ThreadPoolExecutor(_REQUESTS, "ranges")


def _chunks(stream: Iterator[bytes], url: str) -> Iterator[bytes]:
    """Yield the chunks of a stream; raise an OSError if the store does not send them."""
    while True:
        with os_errors(url):
            chunk = next(stream, None)
        if chunk is None:
            return
        yield chunk
