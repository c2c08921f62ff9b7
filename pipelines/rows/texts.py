"""Reads the fields of a sample: its key, its source text and its carried columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from pipelines.config.field_source import FILE, FieldSource
from pipelines.config.input import Input, Limits
from pipelines.reading import RawSample
from pipelines.reading.text_fields import (
    FieldFault,
    as_scalar,
    as_text,
    check_unicode,
    find_value,
)
from schemas.sample import Text
from schemas.tables import element_name

_MAX_ELEMENTS = 1000  # of a list that is carried element by element


class SampleFields(NamedTuple):
    """The fields of a sample that the job reads."""

    texts: dict[str, Text]  # key, source text, and every carried value as a text
    values: dict[str, pa.Scalar]  # carried values of columns that are not text, in their types


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads the fields that a job's `input` names."""

    limits: Limits
    key: FieldSource | None
    text: FieldSource | None
    carried: Mapping[str, tuple[FieldSource, pa.DataType]]  # column -> source and type

    @classmethod
    def of(cls, given: Input) -> "FieldReader":
        """Make the reader of an input; carried columns without a type are texts."""
        types = given.column_types()
        return cls(
            given.limits,
            FieldSource.parse(given.key) if given.key else None,
            FieldSource.parse(given.text) if given.text else None,
            {
                name: (FieldSource.parse(source), types[name])
                for name, source in given.carried().items()
            },
        )

    def read(self, sample: RawSample) -> SampleFields:
        """Read the fields of a sample.

        Raises FieldFault if the key or the source text is missing, a text is malformed or too long,
        a value does not fit its column's type, or the key is unsafe as a path.
        """
        fields = SampleFields({}, {})
        parsed: dict[str, object] = {}
        texts: dict[str, str] = {}
        key = sample.key
        if self.key is not None:
            value = find_value(_with_file(sample, self.key), self.key, parsed)
            if value is None:
                raise FieldFault("key_missing")
            key = as_text(value)
        if key is not None:
            texts["key"] = _checked_key(key, self.limits)
        if self.text is not None:
            texts["source_text"] = _source_text(sample, self.text, parsed)
        for column, (source, kind) in self.carried.items():
            value = find_value(_with_file(sample, source), source, parsed)
            if value is None:
                continue
            if source.each:
                for number, element in enumerate(_elements(value)):
                    texts[element_name(column, number)] = element
            elif kind == pa.string():
                texts[column] = as_text(value)
            else:
                fields.values[column] = as_scalar(value, kind)
                texts[column] = as_text(fields.values[column])
        fields.texts.update(
            {column: Text(_checked_length(text, self.limits)) for column, text in texts.items()}
        )
        return fields


def check_text(text: str, limits: Limits) -> str:
    """Return a text; raise FieldFault if no sample can have it as its source text."""
    return _checked_length(check_unicode(text, "text_not_utf8"), limits)


def _source_text(sample: RawSample, source: FieldSource, parsed: dict[str, object]) -> str:
    value = find_value(_with_file(sample, source), source, parsed)
    if value is None:
        raise FieldFault("text_missing")
    elements = list(_elements(value)) if source.each else [as_text(value)]
    if not elements:
        raise FieldFault("text_missing")
    return "\n".join(elements)


def has_field(sample: RawSample, source: FieldSource) -> bool:
    """Return whether the sample has the field; raise FieldFault if it is not JSON."""
    return find_value(_with_file(sample, source), source, {}) is not None


def _with_file(sample: RawSample, source: FieldSource) -> Mapping[str, object]:
    return {FILE: sample.file} if source.name == FILE else sample.fields


def _elements(value: object) -> Iterator[str]:
    """Yield the elements of a list as texts, without those that are null.

    Any other value counts as the only element: some files have one caption where others have lists.
    """
    elements = value if isinstance(value, list) else [value]
    if len(elements) > _MAX_ELEMENTS:
        raise FieldFault("text_too_large")
    return (as_text(element) for element in elements if element is not None)


def _checked_length(text: str, limits: Limits) -> str:
    if len(text) > limits.max_text_characters:
        raise FieldFault("text_too_large")
    return text


def _checked_key(key: str, limits: Limits) -> str:
    if len(key) > limits.max_key_characters:
        raise FieldFault("key_too_long")
    if key.startswith("/") or ".." in key.split("/"):  # unsafe where a key is used as a path
        raise FieldFault("key_unsafe")
    return check_unicode(key, "key_not_utf8")
