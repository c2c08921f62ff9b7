"""The types of an export's columns, as the header of a README tells them to `datasets`.

Without them, `load_dataset` guesses types from the first samples, and fails where these have null
or empty lists, and later ones do not.
"""

from collections.abc import Callable, Mapping

import pyarrow as pa

from pipelines.reading.raw_sample import VIDEO_EXTENSIONS

Feature = Mapping[str, object]

_TEXT = "string"
_NAMES = {"float": "float32", "double": "float64", "halffloat": "float16"}


def json_feature(kind: pa.DataType) -> Feature:
    """Return the type that values of an Arrow type have in JSON."""
    if pa.types.is_struct(kind):
        return {"struct": [{"name": each.name, **json_feature(each.type)} for each in kind]}
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        element = json_feature(kind.value_type)
        return {"list": next(iter(element.values())) if set(element) != {"list"} else element}
    return plain_feature(kind)


def plain_feature(kind: pa.DataType) -> Feature:
    """Return the type of a column of a CSV file: a text, unless it is a number or truth value."""
    if pa.types.is_dictionary(kind):
        return plain_feature(kind.value_type)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return {"dtype": _NAMES.get(str(kind), str(kind))}
    return {"dtype": "bool" if pa.types.is_boolean(kind) else _TEXT}


def column_features(schema: pa.Schema, feature: Callable[[pa.DataType], Feature]) -> list[Feature]:
    """Return the types of the columns, in their order."""
    return [{"name": each.name, **feature(each.type)} for each in schema]


def member_features(schema: pa.Schema, members: Mapping[str, int]) -> list[Feature]:
    """Return the types of a WebDataset, of which samples have members with these extensions."""
    types = {"__key__": _TEXT, "__url__": _TEXT}
    types |= {each: _member_type(each) for each in sorted(members)}
    row: Feature = {"name": "json", "struct": column_features(schema, json_feature)}
    return [*({"name": name, "dtype": kind} for name, kind in types.items()), row]


def _member_type(extension: str) -> str:
    if extension == "txt":
        return _TEXT
    last = extension.rpartition(".")[2]
    if last == "bin":
        return "binary"
    return "video" if last in VIDEO_EXTENSIONS else "image"
