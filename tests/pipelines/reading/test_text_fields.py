"""Tests how a text is read from the fields of a sample."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from pipelines.config.field_source import FieldSource
from pipelines.reading.text_fields import FieldFault, as_text, find_value

JSON = {
    "text": "ü",
    "none": None,
    "number": 1.5,
    "flag": True,
    "list": [1, "ü"],
    "meta": {"url": "u", "more": {"deep": "d"}},
}


def read_field(
    fields: Mapping[str, object], source: str, parsed: dict[str, Any] | None = None
) -> str | None:
    value = find_value(fields, FieldSource.parse(source), {} if parsed is None else parsed)
    return None if value is None else as_text(value)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("txt", "a\nb"),
        ("cls", None),
        ("json", json.dumps(JSON)),
        ("json:text", "ü"),
        ("json:none", None),
        ("json:missing", None),
        ("json:number", "1.5"),
        ("json:flag", "true"),
        ("json:list", '[1, "ü"]'),
        ("json:meta.url", "u"),
        ("json:meta.more.deep", "d"),
        ("json:meta.more", '{"deep": "d"}'),
        ("json:text.url", None),
        ("json:list.0", "1"),
        ("json:list.1", "ü"),
        ("json:list.2", None),
    ],
)
def test_read_field(source: str, value: str | None) -> None:
    members = {"txt": b"a\nb", "json": json.dumps(JSON).encode()}
    assert read_field(members, source, {}) == value


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("caption", "ü"),
        ("number", "7"),
        ("meta", '{"a": {"b": "c"}}'),
        ("meta:a.b", "c"),
        ("meta:a", '{"b": "c"}'),
        ("none", None),
    ],
)
def test_read_field_of_other_types_than_bytes(source: str, value: str | None) -> None:
    fields = {"caption": "ü", "number": 7, "meta": {"a": {"b": "c"}}, "none": None}
    assert read_field(fields, source, {}) == value


@pytest.mark.parametrize(
    ("members", "source", "reason"),
    [
        ({"txt": b"\xff"}, "txt", "text_not_utf8"),
        ({"txt": b"\xed\xa0\x80"}, "txt", "text_not_utf8"),
        ({"json": b"\xff"}, "json:a", "text_not_utf8"),
        ({"json": b"{"}, "json:a", "json_malformed"),
        ({"json": b""}, "json:a", "json_malformed"),
        ({"json": b"[" * 100_000}, "json:a", "json_malformed"),
        ({"json": b'{"a": ' + b"9" * 5000 + b"}"}, "json:a", "json_malformed"),
        ({"json": rb'{"a": "\ud800"}'}, "json:a", "text_not_utf8"),
        ({"json": rb'{"a": ["\ud800"]}'}, "json:a", "text_not_utf8"),
        ({"meta": b"\xff"}, "meta", "text_not_utf8"),
        ({"meta": [b"bytes"]}, "meta", "text_unreadable"),
        ({"json": {"a": [b"bytes"]}}, "json:a", "text_unreadable"),
    ],
)
def test_unusable_fields_have_a_reason(
    members: dict[str, object], source: str, reason: str
) -> None:
    with pytest.raises(FieldFault) as caught:
        read_field(members, source, {})
    assert caught.value.reason == reason


def test_json_is_parsed_once() -> None:
    parsed: dict[str, Any] = {}
    assert read_field({"json": b'{"a": "1"}'}, "json:a", parsed) == "1"
    assert read_field({"json": b"no longer read"}, "json:a", parsed) == "1"
