"""Reads one text from the fields of a sample."""

import json
from collections.abc import Mapping
from typing import Any


class FieldFault(Exception):
    """The error of a text that cannot be used; `reason` is a reason code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_field(fields: Mapping[str, object], source: str, parsed: dict[str, Any]) -> str | None:
    """Return the text that `source` (`txt`, or `json:meta.url`) names; None if the sample has none.

    A value that is not text becomes its JSON. `parsed` caches fields that were parsed as JSON, by
    name. Raises FieldFault if the text is not UTF-8, the field is not JSON, or the value has no
    JSON form.
    """
    name, _, path = source.partition(":")
    if fields.get(name) is None:
        return None
    if not path:
        return _text(fields[name])
    if name not in parsed:
        parsed[name] = _parsed(fields[name])
    value = parsed[name]
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return None if value is None else _text(value)


def check_unicode(text: str, reason: str) -> str:
    """Return the text; raise FieldFault if it has lone surrogates, which no file can store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FieldFault(reason) from None
    return text


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return _decoded(value)
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise FieldFault("text_unreadable") from None
    return check_unicode(text, "text_not_utf8")


def _parsed(value: object) -> object:
    if not isinstance(value, bytes):
        return value
    try:
        return json.loads(_decoded(value))
    except (ValueError, RecursionError):
        raise FieldFault("json_malformed") from None


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise FieldFault("text_not_utf8") from None
