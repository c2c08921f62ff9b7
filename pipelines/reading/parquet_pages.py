"""Checks the page headers of a Parquet file before pyarrow reads the pages.

pyarrow allocates the size that a page header states, and a page of 34 KB may unpack to 1 GB.
pyarrow reads each column forwards, through PageGuard, so that no byte is read twice.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow.parquet as pq

from pipelines.config.input import Limits
from pipelines.reading.parquet_footer import MAGIC
from pipelines.reading.parquet_ranges import chunk_range
from pipelines.reading.shard_stream import CountedStream
from pipelines.reading.thrift_compact import I32, STRUCT, CompactReader
from pipelines.storage.expected_ranges import Range
from schemas.errors import ShardFault

_PAGE_ROOM = 64 << 20  # bytes of pages beyond the largest image and text
_MAX_HEADER = 16 << 20  # bytes of a page header; pyarrow's own limit
_MAX_HEADER_STEPS = 1000  # fields and elements of a page header, which has about 20
# Bytes that pyarrow takes for a value beside its content: its place in a dictionary, and the two
# lengths that delta encodings have for all values of a page, where zeros take no space as stored.
_DICTIONARY_ENTRY, _LENGTHS = 16, 8
_MAX_REPEATED = 1 << 24  # values of a repeated column in a row group: one row may have them all
# Numbers of fields, and types of pages, in Parquet's parquet.thrift.
_TYPE, _UNPACKED, _STORED, _NUM_VALUES = 1, 2, 3, 1
_DICTIONARY = 2
_COUNTED_IN = {0: 5, _DICTIONARY: 7, 3: 8}  # type of page -> the struct with its number of values


def max_page_memory(limits: Limits) -> int:
    """Return the most bytes that the pages in memory may take, in all columns together."""
    return limits.max_image_bytes + limits.max_text_bytes + _PAGE_ROOM


class PageHeader(NamedTuple):
    """The fields of a page header that decide how much memory the page takes."""

    size: int  # bytes of the header itself
    kind: int
    unpacked: int  # bytes
    stored: int  # bytes that follow the header
    values: int

    @property
    def memory(self) -> int:
        """The estimated bytes of memory that the page takes, including the copy of a dictionary."""
        largest = max(self.unpacked, self.stored)
        if self.kind == _DICTIONARY:
            return largest * 3 // 2 + self.values * _DICTIONARY_ENTRY
        return largest + self.values * _LENGTHS


def read_page_header(data: bytes, position: int = 0) -> PageHeader:
    """Read the page header at this position of the data.

    Raises IndexError if the data end before the header does, and ValueError or OverflowError if the
    header is malformed.
    """
    reader = CompactReader(data, position, max_steps=_MAX_HEADER_STEPS)
    numbers: dict[int, int] = {}  # type, bytes unpacked and stored, by field
    counts: dict[int, int] = {}  # of values, by the field of their struct
    for number, kind in reader.fields():
        if number in numbers or number in counts:
            raise ValueError("a field twice")
        if number in (_TYPE, _UNPACKED, _STORED):
            if kind != I32:
                raise ValueError("a size of another type")
            numbers[number] = reader.integer(32)
        elif number in _COUNTED_IN.values():
            counts[number] = _count(reader, kind)
        else:
            reader.skip(kind)
        if reader.position - position > _MAX_HEADER:
            raise ValueError("a page header that is too long")
    kind, unpacked, stored = (numbers.get(field, -1) for field in (_TYPE, _UNPACKED, _STORED))
    values = counts.get(_COUNTED_IN[kind], -1) if kind in _COUNTED_IN else 0
    header = PageHeader(reader.position - position, kind, unpacked, stored, values)
    if min(header) < 0:
        raise ValueError("sizes that are missing or below 0")
    return header


def _count(reader: CompactReader, kind: int) -> int:
    """Read the struct of one page type; return its number of values, or -1 if it states none."""
    if kind != STRUCT:
        raise ValueError("a page of another type")
    count = -1
    for number, inner in reader.fields():
        if number == _NUM_VALUES:
            if inner != I32 or count >= 0:
                raise ValueError("a number of values of another type")
            count = reader.integer(32)
        else:
            reader.skip(inner)
    return count


class ColumnPages:
    """The pages of one column in one row group, and the memory that the pages take.

    The bytes of the column are read once, forwards and without gaps.
    """

    def __init__(self, metadata: pq.FileMetaData, group: int, column: int) -> None:
        chunk = metadata.row_group(group).column(column)
        self.start, self.end = start, _ = chunk_range(metadata, group, column)
        self._is_repeated = metadata.schema.column(column).max_repetition_level > 0
        self._values_left = chunk.num_values  # no page is read behind the last value
        self._values = 0
        self._next_read = self._next_header = start
        self._pending = b""  # the start of a page header whose end was not read yet
        self._pages = self._dictionary = 0  # bytes in memory of the largest page

    @property
    def memory(self) -> int:
        """The bytes of the largest data page and the largest dictionary that were read so far."""
        return self._pages + self._dictionary

    @property
    def is_too_repeated(self) -> bool:
        return self._is_repeated and self._values > _MAX_REPEATED

    def read(self, position: int, content: bytes) -> None:
        """Read the page headers in the next bytes of the column.

        Raises ValueError if the bytes do not follow those of the last call, and ValueError or
        OverflowError if a header is malformed.
        """
        if position != self._next_read:
            raise ValueError("pages that are not read in their order")
        self._next_read += len(content)
        if self._next_header >= self._next_read:
            return
        content, self._pending = self._pending + content, b""
        start = self._next_read - len(content)
        while self._next_header < self._next_read and self._values_left > 0:
            at = self._next_header - start
            try:
                header = read_page_header(content, at)
            except IndexError:
                self._pending = content[at:]
                if len(self._pending) > _MAX_HEADER:
                    raise ValueError("a page header that is too long") from None
                return
            self._add(header)

    def _add(self, header: PageHeader) -> None:
        self._next_header += header.size + header.stored
        if header.kind == _DICTIONARY:
            self._dictionary = max(self._dictionary, header.memory)
            return
        self._pages = max(self._pages, header.memory)
        self._values += header.values
        self._values_left -= header.values


class PageGuard:
    """The stream that pyarrow reads; it raises ShardFault before a page takes too much memory.

    It also raises ShardFault if a page header is malformed, or if a repeated column has too many
    values. One row group is read at a time. The largest data page and the largest dictionary of
    each column count as in memory, because pyarrow keeps their buffers until the end of the row
    group.
    """

    def __init__(self, stream: CountedStream, max_memory: int) -> None:
        self._stream = stream
        self.max_memory = max_memory
        self._columns: list[ColumnPages] = []

    def expect(self, columns: Iterable[ColumnPages]) -> None:
        """Set the columns of the next row group; raise ValueError if the columns overlap."""
        stored = [column for column in columns if column.start != column.end]
        self._columns = sorted(stored, key=lambda column: column.start)
        end = len(MAGIC)
        for column in self._columns:
            if not end <= column.start < column.end:
                raise ValueError("columns that overlap")
            end = column.end
        self._stream.expect([Range(column.start, column.end) for column in self._columns])

    def read(self, size: int = -1) -> bytes:
        position = self._stream.position
        content = self._stream.read(size)
        for column in self._columns:
            if column.start <= position < column.end:
                try:
                    column.read(position, content)
                except (ValueError, OverflowError):
                    raise self._fault("shard_damaged") from None
                memory = sum(each.memory for each in self._columns)
                if memory > self.max_memory or column.is_too_repeated:
                    raise self._fault("columns_too_large")
        return content

    def _fault(self, reason: str) -> ShardFault:
        return ShardFault(reason, self._stream.position)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    @property
    def closed(self) -> bool:
        return self._stream.closed

    def close(self) -> None:
        """Do nothing: the owner of the stream closes it."""
