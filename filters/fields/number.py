"""Drop samples by a number that the shards carry, such as a score of another tool."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from filters.base import FieldFilter, Judge, float32
from filters.limits import Limit, highest, lowest
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, indeterminate, keep


class Number(FieldFilter):
    """Keep samples whose carried number is >= min and <= max.

    A sample without the value, or whose value is no finite number, is indeterminate.
    """

    thresholds: ClassVar = frozenset({"min", "max"})
    kind: Literal["number"] = "number"
    """The name of this filter."""
    min: float | None = None
    """The lowest number, inclusive; null: no bound."""
    max: float | None = None
    """The highest number, inclusive; null: no bound."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("min and max are missing: name at least one")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max: every sample would be dropped")
        return self

    def load(self, resources: Resources) -> Judge[Sample]:
        return self  # nothing to load

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, sample: Sample) -> Verdict:
        if (text := sample.texts.get(self.column)) is None:
            return indeterminate("number_missing")
        if (value := read_number(text.value)) is None:
            return indeterminate("not_a_number")
        return self._verdict_on(value)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        if (value := scores.get("value")) is None:
            return None
        bounds = [bound for bound in (self.min, self.max) if bound is not None]
        if float32(value) in map(float32, bounds):
            return None  # the number itself may lie on either side of the bound
        return self._verdict_on(value)

    def limits(self, score: str) -> tuple[Limit, ...]:
        return lowest("min", self.min) + highest("max", self.max) if score == "value" else ()

    def _verdict_on(self, value: float) -> Verdict:
        scores = {"value": value}
        if self.min is not None and value < self.min:
            return drop("number_too_low", scores)
        if self.max is not None and value > self.max:
            return drop("number_too_high", scores)
        return keep(scores)


def read_number(text: str) -> float | None:
    """Return the finite number that a text writes in decimal; None if the text is no number."""
    if not text.isascii() or "_" in text:  # which `float` accepts
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
