"""Reads Parquet files that hold images: a row is a sample, and a unit is a range of row groups."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.config.input import Input, Limits
from pipelines.reading.raw_sample import IMAGE_EXTENSIONS, RawSample
from pipelines.reading.shard_stream import CountedStream
from pipelines.storage.storage import Storage
from schemas.errors import JobError, ShardFault
from schemas.sample import Unit

KEY = "__key__"  # the name in webdataset's own conversions
# Rows read at once: a dictionary may hold one large image for many rows (at 64, a file of 3 KB took
# 6 GB), and the sizes in a footer may be wrong. It costs 20 µs a row.
_BATCH = 1
_BUFFER = 1 << 20  # bytes read at once of a column
_MAGIC = b"PAR1"
# Usual names of image columns, beside the extensions.
_IMAGE_NAMES = ("image", "img", "image_bytes", *IMAGE_EXTENSIONS)


class ColumnFault(Exception):
    """The error of a column that the job reads: it is missing, occurs twice, or has another type.

    `why` is for the user; it names only columns.
    """

    def __init__(self, column: str | None, why: str) -> None:
        super().__init__(column, why)
        self.column = column  # a text's column; None: the image column
        self.why = why


class Footer:
    """The schema of a Parquet file and the sizes of its row groups, from the file's footer."""

    def __init__(self, metadata: pq.FileMetaData) -> None:
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        self.schema: pa.Schema = metadata.schema.to_arrow_schema()
        self.rows = [group.num_rows for group in groups]  # per row group
        self.sizes = [  # per row group, in bytes as stored
            sum(group.column(number).total_compressed_size for number in range(group.num_columns))
            for group in groups
        ]
        if min(self.rows, default=0) < 0 or min(self.sizes, default=0) < 0:
            raise ValueError("sizes below 0")


def open_parquet(
    unit: Unit, storage: Storage, input_config: Input, texts: bool
) -> tuple[CountedStream, Iterator[RawSample]]:
    """Open a Parquet file; raises FileNotFoundError if the file does not exist."""
    stream = CountedStream(storage.open(unit.path))
    return stream, read_parquet(stream, unit, input_config, texts)


def split_parquet(shard: Unit, storage: Storage, input_config: Input) -> list[Unit]:
    """Split a file of more than `max_samples_per_file` rows into units of whole row groups.

    A unit has as many row groups as fit into that number of rows, or one larger row group. Raises
    JobError if the file lacks a column that the job reads. A file whose footer cannot be read is
    one unit, which will fail.
    """
    try:
        with closing(CountedStream(storage.open(shard.path))) as stream:
            footer = read_footer(stream)
    except (ShardFault, OSError):
        return [shard]
    keys = {source.partition(":")[0]: key for key, source in input_config.sources()}
    try:
        check_columns(footer.schema, keys, input_config.image)
    except ColumnFault as fault:
        key = keys[fault.column] if fault.column else "image"
        raise JobError(f"input.{key}: {shard.path}: {fault.why}") from None
    return list(_split_row_groups(shard, footer, input_config.max_samples_per_file))


def _split_row_groups(shard: Unit, footer: Footer, max_samples: int) -> Iterator[Unit]:
    if sum(footer.rows) <= max_samples:
        yield shard
        return
    start = rows = first_index = 0
    for end, following in enumerate([*footer.rows[1:], max_samples], start=1):
        rows += footer.rows[end - 1]
        if end == len(footer.rows) or rows + following > max_samples:
            yield shard.with_slice((start, end), first_index, sum(footer.sizes[start:end]))
            start, rows, first_index = end, 0, first_index + rows


def read_footer(stream: CountedStream) -> Footer:
    """Read the footer of a Parquet file; raise ShardFault if the footer cannot be read."""
    with _faults(stream, opened=False):
        return Footer(_open(stream).metadata)


def check_columns(schema: pa.Schema, fields: Iterable[str], image: str | None) -> str:
    """Return the name of the image column.

    Raises ColumnFault if a column of `fields` or the image column cannot be read.
    """
    for name in fields:
        _find_column(schema, name)
    if image is None:
        return _find_image_column(schema)
    try:
        kind = _find_column(schema, image).type
    except ColumnFault as fault:
        raise ColumnFault(None, fault.why) from None
    if not _holds_images(kind):
        why = f"column {image!r} holds no images: it is neither binary nor a struct with `bytes`"
        raise ColumnFault(None, why)
    return image


def read_parquet(
    stream: CountedStream, unit: Unit, input_config: Input, texts: bool = True
) -> Iterator[RawSample]:
    """Yield the rows of a unit, with one row in memory at a time.

    The unit's slice is its first row group and one past its last row group; None means the whole
    file. Raises ShardFault if the file is damaged or lacks a column.
    """
    fields = input_config.text_members() if texts else frozenset()
    with _faults(stream, opened=False):
        file = _open(stream)
        footer = Footer(file.metadata)
    try:
        image = check_columns(footer.schema, fields, input_config.image)
    except ColumnFault:
        raise ShardFault("columns_missing", stream.position) from None
    names = sorted({image, *fields, *({KEY} & set(footer.schema.names))})
    index = unit.first_index
    for group in range(*(unit.slice or (0, len(footer.rows)))):
        end = index + footer.rows[group]
        with _faults(stream, opened=True):
            batches = file.iter_batches(_BATCH, [group], names, use_threads=False)
        while index < end:
            with _faults(stream, opened=True):
                batch = next(batches, None)
                rows = _Rows(batch, image, fields, input_config.limits) if batch else None
            if rows is None:
                raise ShardFault("shard_damaged", stream.position)
            for row in range(len(rows)):
                yield rows.sample(row, index)
                index += 1


class _Rows:
    """A batch of rows; each is read alone, so that an unreadable row does not affect the others."""

    def __init__(
        self, batch: pa.RecordBatch, image: str, fields: Iterable[str], limits: Limits
    ) -> None:
        self._limits = limits
        column = batch[image]
        paths = None
        if pa.types.is_struct(column.type):
            if column.type.get_field_index("path") >= 0:
                paths = _binary(pc.struct_field(column, "path"))
            column = pc.struct_field(column, "bytes")
        self._images = _binary(column)
        self._image_sizes = pc.binary_length(self._images).to_pylist()
        # Without a key column, the key is the path that Hugging Face's datasets store beside it.
        self._keys = _binary(batch[KEY]) if KEY in batch.schema.names else paths
        self._fields = {name: _binary(batch[name]) for name in fields}
        self._sizes = {
            name: pc.binary_length(column).to_pylist()
            for name, column in self._fields.items()
            if _is_binary(column.type)
        }

    def __len__(self) -> int:
        return len(self._images)

    def sample(self, row: int, index: int) -> RawSample:
        key = self._key(row)
        size = self._image_sizes[row]
        if size is None:
            return RawSample(index, key, fault="image_missing")
        if size > self._limits.max_image_bytes:
            return RawSample(index, key, fault="image_too_large")
        if any((sizes[row] or 0) > self._limits.max_text_bytes for sizes in self._sizes.values()):
            return RawSample(index, key, fault="text_too_large")
        try:
            fields = {name: column[row].as_py() for name, column in self._fields.items()}
        except (ValueError, OverflowError):  # invalid UTF-8 or dates
            return RawSample(index, key, fault="text_unreadable")
        return RawSample(index, key, cast(bytes, self._images[row].as_py()), fields)

    def _key(self, row: int) -> str | None:
        if self._keys is None or not _is_binary(self._keys.type):
            return None
        value = self._keys[row].as_py()
        return None if value is None else value.decode("utf-8", "surrogateescape")


def _open(stream: CountedStream) -> pq.ParquetFile:
    return pq.ParquetFile(
        pa.PythonFile(stream, mode="r"),
        buffer_size=_BUFFER,
        pre_buffer=False,
        page_checksum_verification=True,
    )


@contextmanager
def _faults(stream: CountedStream, opened: bool) -> Iterator[None]:
    """Raise ShardFault for errors that damaged bytes cause; an OSError of the storage passes."""
    try:
        yield
    except (pa.ArrowException, ValueError, KeyError, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = "shard_damaged" if opened else _unreadable_reason(stream)
        raise ShardFault(reason, stream.position) from None


def _unreadable_reason(stream: CountedStream) -> str:
    """Return why a file has no readable footer; a file with a valid start and no end was cut.

    The footer is at the end of a file.
    """
    stream.seek(0)
    begins = stream.read(len(_MAGIC)) == _MAGIC
    size = stream.seek(0, 2)
    stream.seek(max(size - len(_MAGIC), 0))
    ends = stream.read(len(_MAGIC)) == _MAGIC and size > len(_MAGIC)
    return "shard_truncated" if begins and not ends else "shard_unreadable"


def _find_column(schema: pa.Schema, name: str) -> pa.Field:
    """Return the only column of this name; raise ColumnFault if there is none, or several."""
    indices = schema.get_all_field_indices(name)
    if not indices:
        why = f"column {name!r} is not there: it has {', '.join(schema.names)}"
        raise ColumnFault(name, why)
    if len(indices) > 1:
        raise ColumnFault(name, f"column {name!r} occurs twice")
    return schema.field(indices[0])


def _find_image_column(schema: pa.Schema) -> str:
    # A dot in a column's name would be read as a path into a struct.
    fields = [field for field in schema if "." not in field.name and _holds_images(field.type)]
    structs = [field.name for field in fields if pa.types.is_struct(field.type)]
    named = [field.name for field in fields if field.name.lower() in _IMAGE_NAMES]
    for names in (structs, named):
        if len(names) == 1 and schema.names.count(names[0]) == 1:
            return str(names[0])
    candidates = ", ".join(field.name for field in fields) or "none"
    raise ColumnFault(None, f"columns that may hold images: {candidates}: name one")


def _holds_images(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and _holds_images(kind.field(index).type)
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _binary(column: pa.Array) -> pa.Array:
    """Return a text or binary column as its stored bytes, UTF-8 or not; any other as it is.

    Dictionaries are decoded.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type):
        return column.view(pa.binary())
    if pa.types.is_large_string(column.type):
        return column.view(pa.large_binary())
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.binary_view())
    if pa.types.is_binary_view(column.type) or pa.types.is_fixed_size_binary(column.type):
        return column.cast(pa.binary())
    return column


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
