"""Parquet files that hold images: a row is a sample, row groups are read one after another."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.reading.raw_sample import IMAGE_EXTENSIONS, RawSample, Wanted
from pipelines.reading.shard_stream import CountedStream
from schemas.errors import ShardFault

KEY = "__key__"  # as webdataset's own conversions name it
# Rows read at once: a dictionary may hold one large image for many rows (at 64, a file of 3 KB took
# 6 GB), and what footers say of sizes may be wrong. It costs 20 µs a row.
_BATCH = 1
_BUFFER = 1 << 20  # bytes read at once of a column
_MAGIC = b"PAR1"
# What people name such columns, beside the extensions.
_IMAGE_NAMES = ("image", "img", "image_bytes", *IMAGE_EXTENSIONS)


class ColumnFault(Exception):
    """A column that is to be read is not there, stands twice, or holds something else.

    `why` is for the user; it names columns alone.
    """

    def __init__(self, column: str | None, why: str) -> None:
        super().__init__(column, why)
        self.column = column  # that a text comes from; None: it is about that of the images
        self.why = why


class Footer:
    """What a Parquet file says of itself."""

    def __init__(self, metadata: pq.FileMetaData) -> None:
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        self.schema: pa.Schema = metadata.schema.to_arrow_schema()
        self.rows = [group.num_rows for group in groups]  # of each row group
        self.sizes = [  # of each row group, in bytes as stored
            sum(group.column(number).total_compressed_size for number in range(group.num_columns))
            for group in groups
        ]
        if min(self.rows, default=0) < 0 or min(self.sizes, default=0) < 0:
            raise ValueError("sizes below 0")


def read_footer(stream: CountedStream) -> Footer:
    """ShardFault where it is none."""
    with _faults(stream, opened=False):
        return Footer(_open(stream).metadata)


def check_columns(schema: pa.Schema, fields: Iterable[str], image: str | None) -> str:
    """The column that holds the images; ColumnFault where one that is wanted cannot be read."""
    for name in fields:
        _only(schema, name)
    if image is None:
        return _image_column(schema)
    try:
        kind = _only(schema, image).type
    except ColumnFault as fault:
        raise ColumnFault(None, fault.why) from None
    if not _holds_images(kind):
        why = f"column {image!r} holds no images: it is neither binary nor a struct with `bytes`"
        raise ColumnFault(None, why)
    return image


def read_parquet(
    stream: CountedStream, wanted: Wanted, row_groups: tuple[int, int] | None, first_index: int
) -> Iterator[RawSample]:
    """The rows of the row groups from the first to before the second, one held at a time.

    None stands for all of the file. Raises ShardFault where it is damaged or lacks a column.
    """
    with _faults(stream, opened=False):
        file = _open(stream)
        footer = Footer(file.metadata)
    try:
        image = check_columns(footer.schema, wanted.fields, wanted.image)
    except ColumnFault:
        raise ShardFault("columns_missing", stream.position) from None
    names = sorted({image, *wanted.fields, *({KEY} & set(footer.schema.names))})
    index = first_index
    for group in range(*(row_groups or (0, len(footer.rows)))):
        end = index + footer.rows[group]
        with _faults(stream, opened=True):
            batches = file.iter_batches(_BATCH, [group], names, use_threads=False)
        while index < end:
            with _faults(stream, opened=True):
                batch = next(batches, None)
                rows = _Rows(batch, image, wanted) if batch else None
            if rows is None:
                raise ShardFault("shard_damaged", stream.position)
            for row in range(len(rows)):
                yield rows.sample(row, index)
                index += 1


class _Rows:
    """A batch, column by column; what a row holds is taken out row by row, so that one that cannot
    be read takes no other along."""

    def __init__(self, batch: pa.RecordBatch, image: str, wanted: Wanted) -> None:
        self._wanted = wanted
        column = batch[image]
        paths = None
        if pa.types.is_struct(column.type):
            if column.type.get_field_index("path") >= 0:
                paths = _binary(pc.struct_field(column, "path"))
            column = pc.struct_field(column, "bytes")
        self._images = _binary(column)
        self._image_sizes = pc.binary_length(self._images).to_pylist()
        # Without a key column, a path that Hugging Face's datasets keep beside an image names it.
        self._keys = _binary(batch[KEY]) if KEY in batch.schema.names else paths
        self._fields = {name: _binary(batch[name]) for name in wanted.fields}
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
        if size > self._wanted.max_image_bytes:
            return RawSample(index, key, fault="image_too_large")
        if any((sizes[row] or 0) > self._wanted.max_text_bytes for sizes in self._sizes.values()):
            return RawSample(index, key, fault="text_too_large")
        try:
            fields = {name: column[row].as_py() for name, column in self._fields.items()}
        except (ValueError, OverflowError):  # text that is not UTF-8, dates that are none
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
    """What reading damaged bytes raises becomes a ShardFault; an OSError of storage's is passed."""
    try:
        yield
    except (pa.ArrowException, ValueError, KeyError, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = "shard_damaged" if opened else _why_unreadable(stream)
        raise ShardFault(reason, stream.position) from None


def _why_unreadable(stream: CountedStream) -> str:
    """The footer stands at the end: a file that begins well and ends without it was cut."""
    stream.seek(0)
    begins = stream.read(len(_MAGIC)) == _MAGIC
    size = stream.seek(0, 2)
    stream.seek(max(size - len(_MAGIC), 0))
    ends = stream.read(len(_MAGIC)) == _MAGIC and size > len(_MAGIC)
    return "shard_truncated" if begins and not ends else "shard_unreadable"


def _only(schema: pa.Schema, name: str) -> pa.Field:
    found = schema.get_all_field_indices(name)
    if not found:
        why = f"column {name!r} is not there: it has {', '.join(schema.names)}"
        raise ColumnFault(name, why)
    if len(found) > 1:
        raise ColumnFault(name, f"column {name!r} stands twice")
    return schema.field(found[0])


def _image_column(schema: pa.Schema) -> str:
    # A dot in a column's name would be read as a path into a struct.
    fields = [field for field in schema if "." not in field.name and _holds_images(field.type)]
    structs = [field.name for field in fields if pa.types.is_struct(field.type)]
    named = [field.name for field in fields if field.name.lower() in _IMAGE_NAMES]
    for found in (structs, named):
        if len(found) == 1 and schema.names.count(found[0]) == 1:
            return str(found[0])
    told = ", ".join(field.name for field in fields) or "none"
    raise ColumnFault(None, f"columns that may hold images: {told}: name one")


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
    """Text as the bytes that it is stored as, whether or not they are UTF-8; others as they are."""
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
