"""Counts in how many samples of a shard each field is, down to the fields of JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from pipelines.config.field_source import FieldSource
from pipelines.reading.raw_sample import SampleFields
from pipelines.reading.text_fields import BOM

_MAX_DEPTH = 3  # levels of objects below a field that are listed
_MAX_NAME = 100  # characters of a field's name; longer ones are data rather than names


def count_fields(sample: SampleFields, counts: Counter[str]) -> None:
    """Add 1 for each field that the sample has.

    A field is named as a job names it, such as `json:meta.url`, or `json:"og:title"`.
    """
    for name, field in sample.fields.items():
        counts[str(FieldSource(name))] += 1
        for path in _paths(_object(field.value), 1):
            counts[str(FieldSource(name, path))] += 1


def _object(value: object) -> Mapping[str, object]:
    """Return the fields of a struct, or of a JSON object; none of any other value."""
    if isinstance(value, bytes):
        value = value.removeprefix(BOM).lstrip()
    if isinstance(value, bytes) and value[:1] == b"{":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _paths(fields: Mapping[str, object], depth: int) -> Iterator[tuple[str, ...]]:
    for name, value in fields.items():
        if (
            value is None
            or isinstance(value, bytes)
            or not 0 < len(name) <= _MAX_NAME
            or not name.isprintable()
        ):
            continue
        yield (name,)
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from ((name, *path) for path in _paths(value, depth + 1))
