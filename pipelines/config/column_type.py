"""Names the types of carried columns, such as `int64` and `timestamp[us, tz=UTC]`."""

import re

import pyarrow as pa

# Short names that a job may use.
_SHORT = {"timestamp": "timestamp[us]", "date": "date32"}
_UTC = "UTC"
_ZONED = re.compile(r"timestamp\[(ms|us|ns), tz=UTC\]")
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
    """Return the name of a type that `is_kept` accepts, as Parquet files store it.

    Parquet has no times in seconds and no days in milliseconds. Timestamps with another time zone
    become those of UTC, as which Parquet stores them: a file may state any text as its time zone,
    which readers would refuse.
    """
    if pa.types.is_timestamp(kind):
        kind = pa.timestamp("ms" if kind.unit == "s" else kind.unit, kind.tz and _UTC)
    elif pa.types.is_time32(kind):
        kind = pa.time32("ms")
    elif pa.types.is_date(kind):
        kind = pa.date32()
    return _FLOATS.get(str(kind), str(kind))


def parse_type(name: str) -> pa.DataType:
    """Return the type with a name that `type_name` gives; raise ValueError for any other name."""
    name = _SHORT.get(name, name)
    if match := _ZONED.fullmatch(name):
        return pa.timestamp(match[1], _UTC)
    if match := _DECIMAL.fullmatch(name):
        make = getattr(pa, f"decimal{match[1]}")
        kind = make(int(match[2]), int(match[3]))
        if not 0 <= kind.scale <= kind.precision:
            raise ValueError(f"{name} is no type of Parquet")
        return kind
    kind = pa.type_for_alias(name)
    if name != "string" and (
        not is_kept(kind) or type_name(kind) != _FLOATS.get(str(kind), str(kind))
    ):
        raise ValueError(f"{name} is no type of a carried column")
    return kind
