"""Drop pairs whose image is too small or too elongated to learn from."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt

from filters.base import ImageFilter, Judge, float32
from filters.limits import Limit, highest, lowest
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, keep


class ImageSize(ImageFilter):
    """Keep images whose shorter side is >= min_side and whose long:short ratio is <= max_aspect."""

    rules: ClassVar = "2"
    reads: ClassVar = "header"  # judged before decoding
    thresholds: ClassVar = frozenset({"min_side", "max_aspect"})
    kind: Literal["image_size"] = "image_size"
    """The name of this filter."""
    min_side: PositiveInt = 200
    """The smallest length of the shorter side, in pixels, inclusive."""
    max_aspect: float = Field(3.0, ge=1)
    """The largest ratio of the longer to the shorter side, inclusive."""

    def load(self, resources: Resources) -> Judge[Sample]:
        return self  # nothing to load

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(*sorted((item.width, item.height))) for item in items]

    def _judge(self, short: int, long: int) -> Verdict:
        return self._decide({"short_side": short, "aspect": long / short})

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._decide(scores) if scores.keys() >= {"short_side", "aspect"} else None

    def limits(self, score: str) -> tuple[Limit, ...]:
        return {
            "short_side": lowest("min_side", self.min_side),
            "aspect": highest("max_aspect", self.max_aspect),
        }.get(score, ())

    def _decide(self, scores: Mapping[str, float]) -> Verdict:
        if scores["short_side"] < self.min_side:
            return drop("image_too_small", scores)
        if float32(scores["aspect"]) > float32(self.max_aspect):
            return drop("image_too_elongated", scores)
        return keep(scores)
