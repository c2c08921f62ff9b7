"""Reads one value from the fields of a sample, in its own type and as a text."""

import json
import math
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from pipelines.config.field_source import FieldSource

BOM = b"\xef\xbb\xbf"  # some editors begin UTF-8 files with it


class FieldFault(Exception):
    """The error of a field that cannot be used; `reason` is a reason code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def find_value(
    fields: Mapping[str, object], source: FieldSource, parsed: dict[str, Any]
) -> object | None:
    """Return the value that `source` names: bytes, or a value of JSON or of a Parquet column.

    Returns None if the sample has none; a number that is NaN counts as none. `parsed` caches fields
    that were parsed as JSON, by name. Raises FieldFault if the field is not JSON.
    """
    value: object = fields.get(source.name)
    if value is not None and (source.path or source.each):
        if source.name not in parsed:
            parsed[source.name] = _parsed(value)
        value = parsed[source.name]
        for step in source.path:
            value = _item(value, step)
    return None if value is None or _is_nan(value) else value


def as_text(value: object) -> str:
    """Return a value as a text; a list or a group becomes its JSON.

    Raises FieldFault if the value has no text form, or bytes are not UTF-8.
    """
    if isinstance(value, bytes):
        return _decoded(value)
    try:
        text = value if isinstance(value, str) else _plain_text(value)
    except (TypeError, ValueError, RecursionError, OverflowError, pa.ArrowException):
        raise FieldFault("text_unreadable") from None
    return check_unicode(text, "text_not_utf8")


def as_scalar(value: object, kind: pa.DataType) -> pa.Scalar:
    """Return a value in the type of its column; raise FieldFault if the value does not fit it."""
    try:
        if isinstance(value, pa.Scalar):
            return value if value.type == kind else _exact_cast(value, kind)
        if isinstance(value, bytes):
            value = _decoded(value)
        if isinstance(value, str):
            return _from_text(value.strip(), kind)
        if isinstance(value, bool) != pa.types.is_boolean(kind):
            raise TypeError("a number for a flag, or a flag for a number")
        if pa.types.is_temporal(kind):
            raise TypeError("a number, whose unit is not known")
        if pa.types.is_decimal(kind):
            return _from_text(str(value), kind)
        if pa.types.is_floating(kind) or not isinstance(value, float):
            return pa.scalar(value, kind)
        return _exact_cast(pa.scalar(value), kind)  # pa.scalar(3.5, pa.int64()) is 3
    except (TypeError, ValueError, OverflowError, pa.ArrowException):
        raise FieldFault("value_unfit") from None


def _exact_cast(value: pa.Scalar, kind: pa.DataType) -> pa.Scalar:
    """Cast a value of a Parquet column; raise ValueError if the cast would change the value."""
    zoned = [pa.types.is_timestamp(each) and each.tz is not None for each in (value.type, kind)]
    if zoned[0] != zoned[1] and pa.types.is_timestamp(value.type):
        raise ValueError("a time zone is lost, or made up")
    cast = value.cast(kind)
    if not cast.cast(value.type).equals(value):
        raise ValueError("another value")
    return cast


def _from_text(text: str, kind: pa.DataType) -> pa.Scalar:
    if not pa.types.is_timestamp(kind):
        return pa.scalar(text).cast(kind)
    try:  # Arrow takes an offset, such as Z, only for a type with a time zone, and demands it there
        value = pa.scalar(text).cast(pa.timestamp(kind.unit, "UTC"))
    except pa.ArrowInvalid:
        value = pa.scalar(text).cast(pa.timestamp(kind.unit))
    return value.cast(kind)


def check_unicode(text: str, reason: str) -> str:
    """Return the text; raise FieldFault if it has lone surrogates, which no file can store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FieldFault(reason) from None
    return text


def _item(value: object, step: str | int) -> object:
    """Return a group's value by its key, or a list's element by its position; None if missing."""
    if isinstance(value, dict):
        return value.get(step if isinstance(step, str) else str(step))
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _is_nan(value: object) -> bool:
    if isinstance(value, pa.Scalar) and pa.types.is_floating(value.type):
        value = value.as_py()
    return isinstance(value, float) and math.isnan(value)


def _plain_text(value: object) -> str:
    if isinstance(value, pa.Scalar):
        return scalar_text(value)
    try:
        return json.dumps(value, ensure_ascii=False, default=_json_value, allow_nan=False)
    except ValueError:  # JSON has no NaN
        return json.dumps(_without_nan(value), ensure_ascii=False, default=_json_value)


def scalar_text(value: pa.Scalar) -> str:
    """Return a number or a time of a Parquet column as a text."""
    kind = value.type
    if pa.types.is_integer(kind) or pa.types.is_float64(kind):
        return str(value.as_py())  # a cast by Arrow takes 20 µs
    if pa.types.is_duration(kind):
        return f"{value.cast(pa.int64()).as_py()} {kind.unit}"
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # Arrow would look for the time zone in a database that not every machine has.
        return f"{value.cast(pa.timestamp(kind.unit)).cast(pa.string()).as_py()}Z"
    return str(value.cast(pa.string()).as_py())


def _json_value(value: object) -> str:
    """Return a value without a JSON form, such as a date in a struct, as a text."""
    if isinstance(value, pa.Scalar):
        return scalar_text(value)
    raise TypeError(f"no JSON form of {type(value).__name__}")


def _without_nan(value: object) -> object:
    """Return a value with null for each number that is not finite, as JSON has none."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _parsed(value: object) -> object:
    if not isinstance(value, bytes):
        return value
    try:
        return json.loads(_decoded(value))
    except (ValueError, RecursionError):
        raise FieldFault("json_malformed") from None


def _decoded(content: bytes) -> str:
    try:
        return content.removeprefix(BOM).decode()
    except UnicodeDecodeError:
        raise FieldFault("text_not_utf8") from None
