"""Reads the footer of a Parquet file, unless the footer would take too much memory.

pyarrow allocates what a footer announces: 31 bytes that announce a million columns took 672 MB.
pyarrow also recurses over nested columns: 50,000 nested columns crash the process. So each footer
is checked before pyarrow parses it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.reading.content_samples import END_SIZE
from pipelines.reading.shard_stream import CountedStream
from pipelines.reading.thrift_compact import BINARY, I32, LIST, STRUCT, CompactReader
from schemas.errors import ShardFault

MAGIC = b"PAR1"

_large_footer = threading.Lock()

_TAIL = END_SIZE  # bytes at the end of a file that are read at once; most footers fit
_MAX_FOOTER = 64 << 20  # bytes as stored
# Bytes that a footer takes in memory, by estimate: about 150,000 columns of all row groups.
_MAX_MEMORY = 128 << 20
_MAX_STEPS = 6 << 20  # fields and elements, which take some seconds
_MAX_NESTING = 100  # columns within columns
# Bytes that pyarrow 25 takes for one of these, measured and rounded up.
_SCHEMA_ELEMENT, _ROW_GROUP, _COLUMN_CHUNK, _LIST_ELEMENT = 2000, 200, 700, 32
# Numbers of fields in Parquet's parquet.thrift.
_SCHEMA, _ROW_GROUPS, _COLUMNS, _NAME, _NUM_CHILDREN = 2, 4, 1, 4, 5


def read_metadata(stream: CountedStream) -> pq.FileMetaData:
    """Read the footer of a Parquet file; raise ShardFault if the footer is too large.

    Raises ValueError or an exception of pyarrow if the footer is missing or damaged.
    """
    length, tail = _read_tail(stream)
    return _parse(stream, length, tail)


@contextmanager
def open_metadata(stream: CountedStream) -> Iterator[pq.FileMetaData]:
    """Read a footer as `read_metadata` does, for use in a `with` statement.

    Only one thread of the process at a time holds a large footer, of more than `_TAIL` bytes.
    """
    length, tail = _read_tail(stream)
    with _large_footer if length > _TAIL else nullcontext():
        yield _parse(stream, length, tail)


def _read_tail(stream: CountedStream) -> tuple[int, bytes]:
    """Return the length of the footer, and the last bytes of the file.

    Raises ValueError if there is no footer, and ShardFault if the footer is too large.
    """
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _TAIL))
    tail = stream.read(_TAIL)
    length = int.from_bytes(tail[-8:-4], "little")
    if tail[-4:] != MAGIC or length > size - 12:
        raise ValueError("no footer")
    if length > _MAX_FOOTER:
        raise ShardFault("footer_too_large", stream.position)
    return length, tail


def _parse(stream: CountedStream, length: int, tail: bytes) -> pq.FileMetaData:
    if (missing := length + 8 - len(tail)) > 0:
        stream.seek(-8 - length, 2)
        tail = stream.read(missing) + tail
    footer = tail[-8 - length : -8]
    if footer_memory(footer) > _MAX_MEMORY:
        raise ShardFault("footer_too_large", stream.position)
    file = pa.BufferReader(MAGIC + footer + tail[-8:])
    # A list is allocated before its elements are read; no list has more elements than bytes.
    return pq.ParquetFile(file, thrift_container_size_limit=max(1, length)).metadata


def footer_memory(footer: bytes) -> int:
    """Return an estimate of the bytes of memory that pyarrow takes for a footer.

    Counting stops above `_MAX_MEMORY`, so a larger result says only that the footer is too large.
    Raises ValueError if the footer is malformed or ends too early.
    """
    reader = CompactReader(footer, max_steps=_MAX_STEPS)
    memory = len(footer)
    try:
        for cost in _footer_costs(reader):
            memory += cost
            if memory + reader.elements * _LIST_ELEMENT > _MAX_MEMORY:
                break
    except IndexError:
        raise ValueError("a footer that ends too early") from None
    except OverflowError:
        return _MAX_MEMORY + 1
    return memory + reader.elements * _LIST_ELEMENT


def _footer_costs(reader: CompactReader) -> Iterator[int]:
    for number, kind in reader.fields():
        if number == _SCHEMA and kind == LIST:
            yield from _schema_costs(reader)
        elif number == _ROW_GROUPS and kind == LIST:
            yield from _row_group_costs(reader)
        else:
            reader.skip(kind)


def _schema_costs(reader: CompactReader) -> Iterator[int]:
    """Yield the estimated bytes of each element of the schema, in the order of the footer.

    The elements are a tree, stored depth first. A schema that is nested too deeply yields
    `_MAX_MEMORY`.
    """
    above: list[tuple[int, int]] = []  # children left, and bytes of the path, of each ancestor
    for _ in _structs(reader):
        name, children = 0, 0
        for number, kind in reader.fields():
            if number == _NAME and kind == BINARY:
                name = len(reader.binary())
            elif number == _NUM_CHILDREN and kind == I32:
                children = reader.integer(32)
            else:
                reader.skip(kind)
        while above and not above[-1][0]:
            above.pop()
        path = name + _LIST_ELEMENT
        if above:
            left, path_above = above.pop()
            above.append((left - 1, path_above))
            path += path_above
        # The path of a column is stored several times.
        yield _SCHEMA_ELEMENT + 4 * path
        if children > 0:
            above.append((children, path))
        if len(above) > _MAX_NESTING:
            yield _MAX_MEMORY


def _row_group_costs(reader: CompactReader) -> Iterator[int]:
    for _ in _structs(reader):
        yield _ROW_GROUP
        for number, kind in reader.fields():
            if number == _COLUMNS and kind == LIST:
                for _ in _structs(reader):
                    reader.skip(STRUCT)
                    yield _COLUMN_CHUNK
            else:
                reader.skip(kind)


def _structs(reader: CompactReader) -> Iterator[int]:
    """Yield the index of each struct in a list; the caller reads each struct in turn."""
    kind, count = reader.list_header()
    if count and kind != STRUCT:
        raise ValueError("a list of other elements")
    yield from range(count)
