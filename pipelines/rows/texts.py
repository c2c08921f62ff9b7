"""Reads the texts of a sample: its key, its source text and its carried columns."""

from collections.abc import Mapping

from pipelines.config.input import Limits
from pipelines.reading import RawSample
from pipelines.reading.text_fields import FieldFault, check_unicode, read_field
from schemas.sample import Text


def read_texts(sample: RawSample, sources: Mapping[str, str], limits: Limits) -> dict[str, Text]:
    """Read the sample's key, and a text for each column of `sources`.

    `sources` maps a column to its source, such as `json:url`. Raises FieldFault if the source text
    is missing, a text is malformed or too long, or the key is unsafe as a path.
    """
    parsed: dict[str, object] = {}
    values = {} if sample.key is None else {"key": _checked_key(sample.key, limits)}
    for column, source in sources.items():
        value = read_field(sample.fields, source, parsed)
        if value is not None:
            values[column] = value
        elif column == "source_text":
            raise FieldFault("text_missing")
    return {column: Text(_checked_length(value, limits)) for column, value in values.items()}


def check_text(text: str, limits: Limits) -> str:
    """Return a text; raise FieldFault if no sample can have it as its source text."""
    return _checked_length(check_unicode(text, "text_not_utf8"), limits)


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
