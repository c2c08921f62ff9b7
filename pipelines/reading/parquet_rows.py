"""Turns a row of a Parquet file into a sample."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

import pyarrow as pa

from pipelines.config.column_type import is_kept
from pipelines.config.input import Limits
from pipelines.reading.parquet_columns import KEY, ImageColumn
from pipelines.reading.raw_sample import MAX_FIELD, Field, RawSample, SampleFields

_ELEMENT = 16  # bytes that an element of a list counts, beside a text's; in Python it takes more


def read_row(
    batch: pa.RecordBatch,
    index: int,
    images: Sequence[ImageColumn],
    fields: Iterable[str],
    limits: Limits,
    *,
    missing: str,
) -> RawSample:
    """Return the sample in a batch of one row; an unusable row becomes a sample with a fault.

    `missing` is the fault of a row without its image or video.

    Raises ValueError if the batch has another number of rows.
    """
    if batch.num_rows != 1:
        raise ValueError("a batch of other than one row")
    found = [each for column in images for each in _images(batch[column.name], column)]
    if not found:
        return RawSample(index, fault=missing)
    paths = found[0].paths
    # Without a key column, the key is the path that Hugging Face's datasets store beside it.
    keys = _binary(batch[KEY]) if KEY in batch.schema.names else paths
    key = None
    if keys is not None and _is_binary(keys.type):
        # A longer key has more characters than it may, as its beginning has.
        key = _value(keys, max_size=4 * (limits.max_key_characters + 1))
    name = None if key is None else key.decode("utf-8", "surrogateescape")
    if fault := _fault(found, images, limits, missing):
        return RawSample(index, name, fault=fault)
    file = None if paths is None else _value(paths, max_size=4 * (limits.max_key_characters + 1))
    texts = {field: _binary(batch[field]) for field in fields}
    if any(_size_of_row(column) > limits.max_text_bytes for column in texts.values()):
        return RawSample(index, name, fault="text_too_large")
    try:
        values = {field: _native(column) for field, column in texts.items()}
    except (ValueError, OverflowError):  # invalid UTF-8 or dates
        return RawSample(index, name, fault="text_unreadable")
    path = None if file is None else file.decode("utf-8", "surrogateescape")
    image, *others = (_value(each.contents) or b"" for each in found)
    return RawSample(index, name, image, values, others=tuple(others), file=path)


def _fault(
    found: Sequence["_Image"], images: Sequence[ImageColumn], limits: Limits, missing: str
) -> str:
    """Return why the images of a row cannot be used; empty if they can."""
    if len(found) > sum(column.most or 1 for column in images):
        return "images_too_many"
    extents = [_extent(each.contents) for each in found]
    if None in extents or len(found) < len(images):
        return missing
    too_large = any(extent and extent[1] > limits.max_image_bytes for extent in extents)
    return "image_too_large" if too_large else ""


class _Image(NamedTuple):
    """An image of a row: its encoded bytes, and its path if the shard stores paths."""

    contents: pa.Array  # binary, one value
    paths: pa.Array | None


def _images(values: pa.Array, column: ImageColumn) -> list[_Image]:
    """Return the images of a row in a column; at most one more than may be read.

    There are none if the list is null, empty or too short.
    """
    import pyarrow.compute as pc  # takes 0.1 s, which plans and jobs of tars do not need

    if column.number is not None:
        values = values.flatten().slice(column.number, 1)
    elif column.most is not None:
        values = values.flatten().slice(0, column.most + 1)
    paths = None
    if pa.types.is_struct(values.type):
        if values.type.get_field_index("path") >= 0:
            paths = _binary(pc.struct_field(values, "path"))
        values = pc.struct_field(values, "bytes")
    contents = _binary(values)
    return [
        _Image(contents.slice(number, 1), None if paths is None else paths.slice(number, 1))
        for number in range(len(contents))
    ]


def list_fields(
    batch: pa.RecordBatch, index: int, names: Iterable[str], limits: Limits
) -> SampleFields:
    """Return all columns of a batch of one row that are not null.

    A value of more than MAX_FIELD bytes, or one that Python cannot represent, is not read.
    """
    if batch.num_rows != 1:
        raise ValueError("a batch of other than one row")
    fields = {}
    for name in sorted(names):
        column = _binary(batch[name])
        if column.null_count:
            continue
        binary = _is_binary(column.type)
        size = _size_of_row(column)
        value: object = None
        if size <= MAX_FIELD:
            with suppress(ValueError, OverflowError):  # invalid UTF-8 or dates
                value = _native(column)
        fields[name] = Field(size if binary else None, value)
    key = None
    if isinstance(own := fields.get(KEY, Field(0)).value, bytes):
        key = own[: 4 * (limits.max_key_characters + 1)].decode("utf-8", "surrogateescape")
    return SampleFields(index, key, fields)


def _binary(column: pa.Array) -> pa.Array:
    """Return a column of texts or binaries as binaries, without a check of UTF-8.

    A dictionary is decoded. Any other column is returned as it is.
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


def _native(column: pa.Array) -> object:
    """Return a column's only value; a number or a time as a scalar of its own type."""
    if _is_binary(column.type):
        return _value(column)
    if column.null_count:
        return None
    return to_native(column[0])


def to_native(value: pa.Scalar) -> object:
    """Return a value as Python's own, with numbers and times of other types as scalars.

    Python has no times with nanoseconds, and none after the year 9999.
    """
    kind = value.type
    if is_kept(kind):
        return value
    if not _has_scalars(kind) or not value.is_valid:
        return value.as_py()
    if pa.types.is_dictionary(kind):
        return _element(value.value)
    if pa.types.is_struct(kind):
        return {name: _element(each) for name, each in value.items()}
    if pa.types.is_map(kind):
        entries = value.values
        return [(_element(each["key"]), _element(each["value"])) for each in entries]
    return [_element(each) for each in value.values]


def _element(value: pa.Scalar) -> object:
    """Return a value within a list or a struct."""
    if not value.is_valid:
        return None
    return to_native(value) if _has_scalars(value.type) else value.as_py()


def _has_scalars(kind: pa.DataType) -> bool:
    """Return whether a type has times or decimals in it, for which JSON has no form."""
    if pa.types.is_dictionary(kind):
        return _has_scalars(kind.value_type)
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        return is_kept(kind)
    return any(_has_scalars(kind.field(number).type) for number in range(kind.num_fields))


def _extent(column: pa.Array) -> tuple[int, int] | None:
    """Return the offset and size of a binary column's only value; None if the value is null."""
    if column.null_count:
        return None
    numbers = memoryview(column.buffers()[1]).cast("b")
    wide = pa.types.is_large_binary(column.type)
    start, end = (numbers.cast("q") if wide else numbers.cast("i"))[column.offset :][:2]
    return start, end - start


def _value(column: pa.Array, max_size: int | None = None) -> bytes | None:
    """Return a binary column's only value, or its first `max_size` bytes; None if it is null.

    The bytes are copied once; `as_py` copies them twice.
    """
    extent = _extent(column)
    if extent is None:
        return None
    start, size = extent
    size = size if max_size is None else min(size, max_size)
    return bytes(column.buffers()[2][start : start + size].to_pybytes()) if size else b""


def _size_of_row(column: pa.Array) -> int:
    """Return the bytes that a column's only value counts against `max_text_bytes`."""
    if _is_binary(column.type):
        return (_extent(column) or (0, 0))[1]
    return _size(column)


def _size(column: pa.Array) -> int:
    """Return the bytes of all texts in a column, and `_ELEMENT` for each element of its lists.

    Each value of a dictionary counts `_ELEMENT` too. Views, fixed-size binaries and numbers count
    0.
    """
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        sizes = pc.binary_length(column.dictionary) if _is_text(kind.value_type) else None
        return len(column) * _ELEMENT + (sizes is not None and _sum(sizes.take(column.indices)))
    if _is_text(kind):
        return _sum(pc.binary_length(column))
    if pa.types.is_struct(kind):
        return sum(map(_size, column.flatten()))
    if isinstance(column, pa.MapArray):  # which has no kernel for flatten
        start, end = int(column.offsets[0].as_py()), int(column.offsets[-1].as_py())
        entries = (column.keys.slice(start, end - start), column.items.slice(start, end - start))
        return (end - start) * _ELEMENT + sum(map(_size, entries))
    if isinstance(column, (pa.ListArray, pa.LargeListArray, pa.FixedSizeListArray)):
        elements = column.flatten()
        return len(elements) * _ELEMENT + _size(elements)
    return 0


def _sum(sizes: pa.Array) -> int:
    import pyarrow.compute as pc

    return pc.sum(sizes).as_py() or 0


def _is_text(kind: pa.DataType) -> bool:
    return _is_binary(kind) or bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
