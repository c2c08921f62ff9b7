"""Fetches byte ranges that will be read forwards, several of them side by side, before they are.

A Parquet reader reads all columns of a row group at once, each of them forwards. Without knowledge
of the columns, every change from one column to another would be a seek, which ends read-ahead.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import NamedTuple, Protocol, runtime_checkable

_GAP = 64 << 10  # bytes between two ranges that are fetched rather than asked for one by one
_MEMORY = 64 << 20  # bytes of all pieces together, if there are not very many ranges
_MIN_PIECE, _MAX_PIECE = 64 << 10, 4 << 20  # bytes of one request

Fetch = Callable[[int, int], "Future[bytes]"]  # begins to fetch the bytes from start to end


class Range(NamedTuple):
    """Bytes from `start` to `end`, without the byte at `end`."""

    start: int
    end: int


@runtime_checkable
class ExpectingStream(Protocol):
    """A stream that is faster if it knows what is read next."""

    def expect(self, ranges: Sequence[Range], /) -> None:
        """Take the ranges that are read next, each of them forwards, instead of those before."""


def expect(stream: object, ranges: Sequence[Range]) -> None:
    """Tell a stream which ranges are read next, each of them forwards; local files do not care."""
    if isinstance(stream, ExpectingStream):
        stream.expect(ranges)


def merge_ranges(ranges: Iterable[Range], max_size: int) -> list[Range]:
    """Return the ranges sorted, small neighbors as one range of at most `max_size` bytes.

    Neighbors have at most `_GAP` bytes between them. A range of more bytes stays alone, because it
    is read beside the others, and not after them.
    """
    merged: list[Range] = []
    for start, end in sorted(ranges):
        last = merged[-1] if merged else None
        if last and start <= last.end + _GAP and max(end, last.end) - last.start <= max_size:
            merged[-1] = Range(last.start, max(end, last.end))
        else:
            merged.append(Range(start, end))
    return merged


class ExpectedRanges:
    """The bytes of ranges that are read forwards; at most two pieces of each are in memory."""

    def __init__(self, ranges: Iterable[Range], size: int, fetch: Fetch) -> None:
        """Begin to fetch the first piece of each range of an object of `size` bytes.

        What a damaged file says may lie outside of the object, and is left out.
        """
        ranges = [Range(max(0, start), min(end, size)) for start, end in ranges]
        ranges = [each for each in ranges if each.start < each.end]
        share = _MEMORY // (2 * max(1, len(ranges)))
        piece = max(_MIN_PIECE, min(_MAX_PIECE, share))
        self._parts = [_Part(each, piece, fetch) for each in merge_ranges(ranges, piece)]

    def read(self, position: int) -> memoryview:
        """Return the bytes at a position, up to the end of their piece.

        None are returned if the position is in no range, or was passed already.
        """
        for part in self._parts:
            if part.range.start <= position < part.range.end:
                return part.read(position)
        return memoryview(b"")

    def close(self) -> None:
        """Cancel what is being fetched."""
        for part in self._parts:
            part.close()


class _Part:
    """A range, of which one piece is in memory while the next one is fetched."""

    def __init__(self, range_: Range, piece: int, fetch: Fetch) -> None:
        self.range = range_
        self._piece = piece
        self._fetch = fetch
        self._start = range_.start  # of the bytes in memory
        self._content = memoryview(b"")
        self._fetched = range_.start  # end of the last request
        self._next = self._request()

    def _request(self) -> "Future[bytes] | None":
        start, self._fetched = self._fetched, min(self._fetched + self._piece, self.range.end)
        return self._fetch(start, self._fetched) if start < self._fetched else None

    def read(self, position: int) -> memoryview:
        while self._next is not None and position >= self._start + len(self._content):
            content = self._next.result()
            self._start += len(self._content)
            self._content = memoryview(content)
            self._next = self._request()
        offset = position - self._start
        return self._content[offset:] if offset >= 0 else memoryview(b"")

    def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        self._content = memoryview(b"")
