"""The texts of a sample: which fields they are read from, and how long they may be."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.reading import RawSample
from pipelines.reading.text_fields import FieldFault, check_unicode, read_field
from schemas.sample import Text


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a sample become which texts, and how long they may be."""

    text: str | None
    carried: Mapping[str, str]  # column -> source
    max_characters: int
    max_key_characters: int

    def sources(self) -> dict[str, str]:
        """Column -> source, the source text first."""
        return {**({"source_text": self.text} if self.text else {}), **self.carried}

    def names(self) -> frozenset[str]:
        """Extensions or columns that hold the texts."""
        return frozenset(source.partition(":")[0] for source in self.sources().values())

    def read(self, raw: RawSample) -> dict[str, Text]:
        """All texts of a sample; FieldFault where a text that the job needs is missing or bad."""
        parsed: dict[str, object] = {}
        found = {} if raw.key is None else {"key": self._key(raw.key)}
        for column, source in self.sources().items():
            value = read_field(raw.fields, source, parsed)
            if value is not None:
                found[column] = value
            elif column == "source_text":
                raise FieldFault("text_missing")
        if any(len(value) > self.max_characters for value in found.values()):
            raise FieldFault("text_too_large")
        return {column: Text(value) for column, value in found.items()}

    def _key(self, key: str) -> str:
        if len(key) > self.max_key_characters:
            raise FieldFault("key_too_long")
        if key.startswith("/") or ".." in key.split("/"):  # someone may take keys for paths
            raise FieldFault("key_unsafe")
        return check_unicode(key, "key_not_utf8")
