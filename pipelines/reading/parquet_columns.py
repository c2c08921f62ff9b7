"""Finds the columns of a Parquet file that the job reads, by name and by type."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.config.field_source import FieldSource
from pipelines.config.input import Input
from pipelines.reading.raw_sample import IMAGE_EXTENSIONS, VIDEO_EXTENSIONS
from schemas.known_names import known_names

KEY = "__key__"  # the name in webdataset's own conversions
# Usual names of image columns, beside the extensions.
_IMAGE_NAMES = ("image", "img", "image_bytes", *IMAGE_EXTENSIONS)
_VIDEO_NAMES = ("video", "clip", "video_bytes", *VIDEO_EXTENSIONS)


class ColumnFault(Exception):
    """The error of a column that the job reads: it is missing, not unique, or has another type.

    `why` is a text for the user; of the file, `why` contains only names of columns.
    """

    def __init__(self, column: str | None, why: str) -> None:
        super().__init__(column, why)
        self.column = column  # a text's column; None: the image column
        self.why = why


class ImageColumn(NamedTuple):
    """A column with images, and which images of a list are read."""

    name: str
    number: int | None = None  # position in a list; None: the column has one image, or all are read
    most: int | None = None  # a list of at most so many images is read; None: one image is


def check_columns(schema: pa.Schema, fields: Iterable[str], given: Input) -> list[ImageColumn]:
    """Return the image columns, usually one; raise ColumnFault if a column cannot be read.

    If the job names no image, the image column is found by its type and name, in a job of videos by
    a usual name of videos. The columns `fields` must exist once; their types are not checked.
    """
    for name in fields:
        _find_column(schema, name)
    if isinstance(given.images, str):
        return [_list_column(schema, given.images, given.limits.max_images)]
    if names := given.named_images():
        return [_image_column(schema, name) for name in names]
    usual = _IMAGE_NAMES if given.video is None else _VIDEO_NAMES
    return [ImageColumn(_find_image_column(schema, usual))]


def _list_column(schema: pa.Schema, name: str, most: int) -> ImageColumn:
    try:
        kind = _find_column(schema, name).type
    except ColumnFault as fault:
        raise ColumnFault(None, fault.why) from None
    if not _is_list(kind) or not _holds_images(kind.value_type):
        raise ColumnFault(None, f"column {name!r} holds no lists of images")
    return ImageColumn(name, most=most)


def _image_column(schema: pa.Schema, image: str) -> ImageColumn:
    column = _named_image_column(schema, image)
    try:
        kind = _find_column(schema, column.name).type
    except ColumnFault as fault:
        raise ColumnFault(None, fault.why) from None
    if _is_list(kind):
        if _holds_images(kind.value_type) and column.number is None:
            why = (
                f"column {image!r} holds lists of images: name one, such as {image}:0, or write "
                f"images: {image} for all"
            )
            raise ColumnFault(None, why)
        kind = kind.value_type
    elif column.number is not None:
        raise ColumnFault(
            None, f"column {column.name!r} holds no lists: write image: {column.name}"
        )
    if not _holds_images(kind):
        why = (
            f"column {column.name!r} holds no images: it is neither binary nor a struct with "
            "`bytes`"
        )
        raise ColumnFault(None, why)
    return column


def _named_image_column(schema: pa.Schema, image: str) -> ImageColumn:
    """Return the column of `image` or `images:0`, and of `images.0` if no column has that name."""
    source = FieldSource.parse(image)
    if source.path:
        return ImageColumn(source.name, int(source.path[0]))
    name, _, number = source.name.rpartition(".")
    if source.name not in schema.names and name in schema.names and number.isdecimal():
        return ImageColumn(name, int(number))
    return ImageColumn(source.name)


def columns_to_read(schema: pa.Schema, images: Iterable[str], fields: Collection[str]) -> list[str]:
    """Return the sorted names of the columns to read: images, fields, and the key if there is one.

    Of an image column that is a struct, only `bytes` and `path` are read, unless the column is also
    one of the texts.
    """
    names: set[str] = set()
    for image in images:
        kind = schema.field(image).type
        if pa.types.is_struct(kind) and image not in fields:
            paths = ["path"] * (kind.get_field_index("path") >= 0)
            names |= {f"{image}.{name}" for name in ("bytes", *paths)}
        else:
            names.add(image)
    return sorted({*names, *fields, *({KEY} & set(schema.names))})


def find_leaves(schema: pq.ParquetSchema, names: Iterable[str]) -> list[int]:
    """Return the indices of the leaf columns that pyarrow reads for these names."""
    prefixes = tuple(f"{name}." for name in names)
    leaves = range(len(schema))
    return [leaf for leaf in leaves if f"{schema.column(leaf).path}.".startswith(prefixes)]


def repeated_texts(
    metadata: pq.FileMetaData, leaves: Iterable[int], groups: Iterable[int]
) -> list[str]:
    """Return the paths of the columns with lists of texts that can be read as dictionaries.

    If such a list is read as a dictionary, many copies of a long text take little memory. pyarrow
    cannot read a column as a dictionary if one of the row groups `groups` has a delta encoding for
    it.
    """
    repeated = [
        leaf
        for leaf in leaves
        if metadata.schema.column(leaf).max_repetition_level > 0
        and metadata.schema.column(leaf).physical_type == "BYTE_ARRAY"
    ]
    chunks = [
        (leaf, metadata.row_group(group).column(leaf)) for leaf in repeated for group in groups
    ]
    delta = {leaf for leaf, chunk in chunks if any("DELTA" in each for each in chunk.encodings)}
    return [metadata.schema.column(leaf).path for leaf in repeated if leaf not in delta]


def fixed_size(kind: pa.DataType) -> int:
    """Return the bytes that the fixed-size parts of one value take, even if the value is null.

    Only fixed-size binaries and fixed-size lists count, because their size does not follow from the
    pages. A list of any other kind counts as one element. All other types count 0.
    """
    if pa.types.is_fixed_size_binary(kind):
        return int(kind.byte_width)
    if pa.types.is_fixed_size_list(kind):
        return int(kind.list_size) * max(1, fixed_size(kind.value_type))
    return sum(fixed_size(kind.field(number).type) for number in range(kind.num_fields))


def _find_column(schema: pa.Schema, name: str) -> pa.Field:
    """Return the only column with this name; raise ColumnFault if there is none, or several."""
    indices = schema.get_all_field_indices(name)
    if not indices:
        why = f"column {name!r} is not there: it has {known_names(name, schema.names)}"
        outer, _, inner = name.partition(".")
        if inner and outer in schema.names:
            why += f": write {outer}:{inner} for a field in the column {outer!r}"
        raise ColumnFault(name, why)
    if len(indices) > 1:
        raise ColumnFault(name, f"column {name!r} occurs twice")
    return schema.field(indices[0])


def _find_image_column(schema: pa.Schema, usual: Collection[str]) -> str:
    # A dot in a column's name would be read as a path into a struct.
    fields = [field for field in schema if "." not in field.name and _holds_images(field.type)]
    structs = [field.name for field in fields if pa.types.is_struct(field.type)]
    named = [field.name for field in fields if field.name.lower() in usual]
    for names in (structs, named):
        if len(names) == 1 and schema.names.count(names[0]) == 1:
            return str(names[0])
    candidates = ", ".join(field.name for field in fields) or "none"
    raise ColumnFault(None, f"columns that may hold images: {candidates}: name one")


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _holds_images(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _holds_images(kind.value_type)
    if pa.types.is_struct(kind):
        index = kind.get_field_index("bytes")
        return index >= 0 and _holds_images(kind.field(index).type)
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )
