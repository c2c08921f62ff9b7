"""Reads Parquet files that hold images: a row is a sample, and a unit is a range of row groups."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.config.column_type import is_kept
from pipelines.config.field_source import FILE, FieldSource
from pipelines.config.input import Input, Limits
from pipelines.reading.parquet_columns import (
    ColumnFault,
    check_columns,
    columns_to_read,
    find_leaves,
    fixed_size,
    repeated_texts,
)
from pipelines.reading.parquet_footer import MAGIC, open_metadata, read_metadata
from pipelines.reading.parquet_pages import ColumnPages, PageGuard, max_page_memory
from pipelines.reading.parquet_rows import list_fields, read_row
from pipelines.reading.raw_sample import RawSample, SampleFields
from pipelines.reading.sample_members import missing_fault
from pipelines.reading.shard_stream import CountedStream, FileWithFooter
from pipelines.storage.storage import Storage
from schemas.errors import JobError, ShardFault
from schemas.sample import Unit

T = TypeVar("T")

# Rows read at once: a dictionary may hold one large image for many rows (at 64, a file of 3 KB took
# 6 GB), and the sizes in a footer may be wrong. It costs 20 µs a row.
_BATCH = 1
_BUFFER = 1 << 20  # bytes read at once of a column


def open_parquet(
    unit: Unit, storage: Storage, input_config: Input, texts: bool
) -> tuple[FileWithFooter, Iterator[RawSample]]:
    """Open a Parquet file; raises FileNotFoundError if the file does not exist."""
    stream = FileWithFooter(unit, storage)
    return stream, read_parquet(stream, unit, input_config, texts)


def list_parquet_fields(
    unit: Unit, storage: Storage, input_config: Input
) -> tuple[FileWithFooter, Iterator[SampleFields]]:
    """Open a Parquet file to list the values of all columns, null values left out.

    Columns whose names are not unique are left out.
    """
    stream = FileWithFooter(unit, storage)
    return stream, _list_fields(stream, unit, input_config)


def _list_fields(stream: CountedStream, unit: Unit, input_config: Input) -> Iterator[SampleFields]:
    with _faults(stream, opened=False):
        metadata = read_metadata(stream)
        schema = metadata.schema.to_arrow_schema()
    number = Counter(schema.names)
    names = frozenset(name for name in number if number[name] == 1)

    def finish(batch: pa.RecordBatch, index: int) -> SampleFields:
        return list_fields(batch, index, names, input_config.limits)

    limits = input_config.limits
    yield from _read_rows(
        stream, metadata, unit, columns=names, names=names, limits=limits, finish=finish
    )


def split_parquet(shard: Unit, storage: Storage, input_config: Input) -> list[Unit]:
    """Split a file of more than `max_samples_per_file` rows into units of whole row groups.

    A unit has as many row groups as fit into that number of rows, or one larger row group. Raises
    JobError if the file lacks a column that the job reads. A file whose footer cannot be read is
    one unit, which will fail.
    """
    try:
        with (
            closing(CountedStream(storage.open(shard.path))) as stream,
            _faults(stream, opened=False),
            open_metadata(stream) as metadata,
        ):
            schema, rows, sizes = read_sizes(metadata)
    except (ShardFault, OSError):
        return [shard]
    keys = {FieldSource.parse(source).name: key for key, source in input_config.sources()}
    try:
        check_columns(schema, keys.keys() - {FILE}, input_config)
    except ColumnFault as fault:
        image_key = "image" if input_config.images is None else "images"
        key = keys[fault.column] if fault.column else image_key
        raise JobError(f"input.{key}: {shard.path}: {fault.why}") from None
    return list(_split_row_groups(shard, rows, sizes, input_config.max_samples_per_file))


def parquet_column_types(
    shard: Unit, storage: Storage, input_config: Input
) -> Mapping[str, pa.DataType]:
    """Return the types of the carried columns that keep the type of their Parquet column.

    Raises ShardFault or OSError if the file's footer cannot be read.
    """
    with (
        closing(CountedStream(storage.open(shard.path))) as stream,
        _faults(stream, opened=False),
        open_metadata(stream) as metadata,
    ):
        schema = metadata.schema.to_arrow_schema()
    types = {}
    for column, text in input_config.carried().items():
        source = FieldSource.parse(text)
        kind = _type_at(schema, source)
        if kind is not None and is_kept(kind):
            types[column] = kind
    return types


def _type_at(schema: pa.Schema, source: FieldSource) -> pa.DataType | None:
    """Return the type of the value that a source names; None if the schema does not tell it."""
    if source.name not in schema.names or source.each:
        return None
    kind = schema.field(source.name).type
    for step in source.path:
        if not pa.types.is_struct(kind) or kind.get_field_index(str(step)) < 0:
            return None
        kind = kind.field(str(step)).type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _split_row_groups(
    shard: Unit, rows: Sequence[int], sizes: Sequence[int], max_samples: int
) -> Iterator[Unit]:
    if sum(rows) <= max_samples:
        yield shard
        return
    start = samples = first_index = 0
    for end, following in enumerate([*rows[1:], max_samples], start=1):
        samples += rows[end - 1]
        if end == len(rows) or samples + following > max_samples:
            yield shard.with_slice((start, end), first_index, sum(sizes[start:end]))
            start, samples, first_index = end, 0, first_index + samples


def read_sizes(metadata: pq.FileMetaData) -> tuple[pa.Schema, list[int], list[int]]:
    """Return the schema, and the number of rows and the stored bytes of each row group."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    sizes = [
        sum(group.column(number).total_compressed_size for number in range(group.num_columns))
        for group in groups
    ]
    if min(sizes, default=0) < 0:
        raise ValueError("a size below 0")
    rows = [_num_rows(metadata, number) for number in range(metadata.num_row_groups)]
    return metadata.schema.to_arrow_schema(), rows, sizes


def _num_rows(metadata: pq.FileMetaData, group: int) -> int:
    rows: int = metadata.row_group(group).num_rows
    if rows < 0:
        raise ValueError("a number of rows below 0")
    return rows


def read_parquet(
    stream: CountedStream, unit: Unit, input_config: Input, texts: bool = True
) -> Iterator[RawSample]:
    """Yield the rows of a unit, with one row in memory at a time.

    The unit's slice is its first row group and one past its last row group; None means the whole
    file. Raises ShardFault if the file is damaged, lacks a column, or takes too much memory.
    """
    limits = input_config.limits
    fields = input_config.text_members() if texts else frozenset()
    with _faults(stream, opened=False):
        metadata = read_metadata(stream)
        schema = metadata.schema.to_arrow_schema()
    try:
        images = check_columns(schema, fields, input_config)
    except ColumnFault:
        raise ShardFault("columns_missing", stream.position) from None
    columns = {image.name for image in images}
    names = columns_to_read(schema, columns, fields)

    missing = missing_fault(input_config)

    def finish(batch: pa.RecordBatch, index: int) -> RawSample:
        return read_row(batch, index, images, fields, limits, missing=missing)

    yield from _read_rows(
        stream,
        metadata,
        unit,
        columns={*columns, *fields},
        names=names,
        limits=limits,
        finish=finish,
    )


def _read_rows(
    stream: CountedStream,
    metadata: pq.FileMetaData,
    unit: Unit,
    *,
    columns: Collection[str],
    names: Collection[str],
    limits: Limits,
    finish: Callable[[pa.RecordBatch, int], T],
) -> Iterator[T]:
    """Read a unit one row at a time; `finish` turns a batch of one row into a sample.

    `names` are the columns, or those of their parts that are read.
    """
    names = sorted(names)
    schema = metadata.schema.to_arrow_schema()
    guard = PageGuard(stream, max_page_memory(limits))
    if max((fixed_size(schema.field(name).type) for name in columns), default=0) > guard.max_memory:
        raise ShardFault("columns_too_large", stream.position)
    leaves = find_leaves(metadata.schema, names)
    groups = range(*(unit.slice or (0, metadata.num_row_groups)))
    with _faults(stream, opened=False):
        file = _open(guard, metadata, repeated_texts(metadata, leaves, groups))
    index = unit.first_index
    for group in groups:
        with _faults(stream, opened=True):
            end = index + _num_rows(metadata, group)
            guard.expect(ColumnPages(metadata, group, leaf) for leaf in leaves)
            batches = file.iter_batches(_BATCH, [group], names, use_threads=False)
        while index < end:
            with _faults(stream, opened=True):
                batch = next(batches)
                sample = finish(batch, index)
                del batch  # it has a copy of the image
            index += 1
            yield sample
            del sample


def _open(
    guard: PageGuard, metadata: pq.FileMetaData, as_dictionaries: list[str]
) -> pq.ParquetFile:
    return pq.ParquetFile(
        pa.PythonFile(guard, mode="r"),
        metadata=metadata,
        read_dictionary=as_dictionaries,
        buffer_size=_BUFFER,
        pre_buffer=False,
        page_checksum_verification=True,
    )


@contextmanager
def _faults(stream: CountedStream, opened: bool) -> Iterator[None]:
    """Raise ShardFault for errors that damaged bytes cause; an OSError of the storage passes."""
    try:
        yield
    except (
        pa.ArrowException,
        ValueError,
        LookupError,
        OverflowError,
        StopIteration,
        OSError,
    ) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = "shard_damaged" if opened else _unreadable_reason(stream)
        raise ShardFault(reason, stream.position) from None


def _unreadable_reason(stream: CountedStream) -> str:
    """Return why a file has no readable footer; a file with a valid start and no end was cut.

    The footer is at the end of a file.
    """
    stream.seek(0)
    begins = stream.read(len(MAGIC)) == MAGIC
    size = stream.seek(0, 2)
    stream.seek(max(size - len(MAGIC), 0))
    ends = stream.read(len(MAGIC)) == MAGIC and size > len(MAGIC)
    return "shard_truncated" if begins and not ends else "shard_unreadable"
