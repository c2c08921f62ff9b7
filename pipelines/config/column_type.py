"""Names the types of carried columns, such as `int64` and `timestamp[us, tz=UTC]`."""

import re

import pyarrow as pa

# Types that a job may declare for a field of JSON.
DECLARED = ("string", "int64", "float64", "bool")

_ZONED = re.compile(r"timestamp\[(s|ms|us|ns), tz=([^\]\s]{1,100})\]")
_DECIMAL = re.compile(r"decimal(32|64|128|256)\((\d{1,3}), (-?\d{1,3})\)")
_FLOATS = {"double": "float64", "float": "float32", "halffloat": "float16"}


def is_kept(kind: pa.DataType) -> bool:
    """Return whether a carried column keeps this type; all other types become text."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_temporal(kind)
        or pa.types.is_decimal(kind)
    ) and not pa.types.is_interval(kind)


def type_name(kind: pa.DataType) -> str:
    """Return the name of a type that `is_kept` accepts."""
    return _FLOATS.get(str(kind), str(kind))


def parse_type(name: str) -> pa.DataType:
    """Return the type with a name that `type_name` gives; raise ValueError for any other name."""
    if match := _ZONED.fullmatch(name):
        return pa.timestamp(match[1], match[2])
    if match := _DECIMAL.fullmatch(name):
        make = getattr(pa, f"decimal{match[1]}")
        return make(int(match[2]), int(match[3]))
    kind = pa.type_for_alias(name)
    if name != "string" and not is_kept(kind):
        raise ValueError(f"{name} is no type of a carried column")
    return kind
