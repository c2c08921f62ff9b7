"""A condition over the rows of an earlier output, such as `caption_info.mean_logprob < -0.7`.

Only columns, constants, comparisons and `length` exist, so that a condition reads no file and calls
nothing else.
"""

import pyarrow as pa

from pipelines.config.condition_parser import ConditionParser, shortened
from pipelines.config.row_values import UnknownName
from schemas.errors import JobError

LONGEST = 2000  # characters of a condition


class Condition:
    """A condition over rows; a row is selected if the condition is true, not if it is unknown."""

    def __init__(self, text: str) -> None:
        """Read a condition; raise JobError, which quotes the place, if it is none."""
        if len(text) > LONGEST:
            raise JobError(f"where: is longer than {LONGEST:,} characters: shorten it")
        parser = ConditionParser(text)
        self._text = text
        self._evaluate = parser.whole()
        self._columns = frozenset(map(str.casefold, parser.columns))

    def columns(self, schema: pa.Schema) -> list[str]:
        """Return the names of the columns that the condition reads, as a schema spells them."""
        return [name for name in schema.names if name.casefold() in self._columns]

    def check(self, schema: pa.Schema, place: str) -> None:
        """Raise JobError if rows of a schema, those of `place`, have no such values to compare."""
        try:
            self.select(pa.RecordBatch.from_pylist([], schema))
        except UnknownName as error:
            see = f": `shardmill schema {place}` lists all" * error.of_columns
            raise JobError(f"where: {place} {error}{see}") from None
        except (pa.ArrowException, TypeError):
            raise JobError(
                f"where: {shortened(self._text)!r} compares values of different types: compare "
                "numbers with numbers, and texts with texts in single quotes"
            ) from None

    def select(self, batch: pa.RecordBatch) -> list[bool]:
        """Return for each row whether it is selected."""
        value = self._evaluate(batch)
        if not pa.types.is_boolean(value.type):
            raise TypeError("the condition has no truth value")
        if isinstance(value, pa.Scalar):
            return [value.as_py() is True] * len(batch)
        return [each is True for each in value.to_pylist()]
