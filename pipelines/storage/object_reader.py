"""Reads an object as a seekable stream, in the version in which it was opened."""

import errno
import io
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future

from pipelines.storage.expected_ranges import ExpectedRanges, Range
from pipelines.storage.object_body import ObjectVersion, ReadAhead
from pipelines.storage.object_loop import canceled, start, wait_for

_MIN_RANGE = 64 << 10  # bytes of the first request after a seek
_MAX_RANGE = 16 << 20  # each further request without a seek is twice as large, up to this


class ObjectReader(io.RawIOBase):
    """A stream over one version of an object.

    Reading from the beginning is one request, whose next bytes are fetched while the last are used:
    a few chunks at most. After a seek, ranges are requested, and each range without a seek between
    is twice as large as the one before. With `expect`, the ranges that are read next are known, and
    no others are requested. Bytes of two versions are never mixed: reading raises an OSError with
    ESTALE if the object is in another version by then.
    """

    is_pinned = True  # see storage.PinnedStream

    def __init__(self, opened: ObjectVersion, *, ask: bool) -> None:
        """Open an object; raise FileNotFoundError if there is none.

        Without `ask`, nothing is requested before the first read, which raises the errors.
        """
        super().__init__()
        self._object = opened
        self._position = 0
        self._buffer = memoryview(b"")
        self._range = 0  # bytes of the last ranged request; 0: none yet
        self._stream: ReadAhead | None = None  # from the beginning on
        self._expected: ExpectedRanges | None = None
        if ask:
            wait_for(opened.ask(), opened.url)

    @property
    def size(self) -> int:
        """The size of the object in bytes."""
        if self._object.size is None:
            wait_for(self._object.ask(), self._object.url)
        assert self._object.size is not None
        return self._object.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position}.get(whence)
        target = (self.size if origin is None else origin) + offset
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

    def _begin_range(self, begin: int, end: int) -> "Future[bytes]":
        return start(_collect(self._object, begin, end))

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
            is_new = not (self._position or self._range)  # one request tells the size, too
            size = 1 << 62 if is_new else max(0, self.size - self._position)
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
        """Return the next bytes at the current position; none at the end alone."""
        if self.closed:
            raise ValueError("read of a closed file")
        if self._expected is not None:
            try:
                content = self._expected.read(self._position)
            except CancelledError:
                raise canceled(self._object.url) from None
            if content:
                return content
        if self._position == 0 and not self._range and self._stream is None:
            self._stream = ReadAhead(self._object)
        if self._stream is not None:
            return self._stream.next()
        return b"" if self._position >= self.size else self._next_range(wanted)

    def _next_range(self, wanted: int) -> bytes:
        self._range = min(_MAX_RANGE, max(2 * self._range, wanted, _MIN_RANGE))
        end = min(self.size, self._position + self._range)
        return wait_for(_collect(self._object, self._position, end), self._object.url)

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _end_expected(self) -> None:
        if self._expected is not None:
            self._expected.close()
            self._expected = None

    def close(self) -> None:
        """Cancel what is requested; return at once."""
        self._end_stream()
        self._end_expected()
        super().close()

    def __del__(self) -> None:
        if getattr(self, "_stream", None) is not None:  # forgotten, or the interpreter exits
            self._end_stream()


async def _collect(opened: ObjectVersion, begin: int, end: int) -> bytes:
    """Return the bytes from `begin` to `end`; raise OSError if the object ends before."""
    content = b"".join([chunk async for chunk in opened.body(begin, end)])
    if len(content) != end - begin:
        raise OSError(errno.EIO, f"ended at byte {begin + len(content)}", opened.url)
    return content
