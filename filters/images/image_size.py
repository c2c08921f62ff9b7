"""Drop pairs whose image is too small or too elongated to learn from."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt

from filters.base import ImageFilter, Judge
from schemas.resources import Resources
from schemas.sample import Sample
from schemas.verdict import Verdict, drop, keep


class ImageSize(ImageFilter):
    """Keep images whose shorter side is >= min_side and whose long:short ratio is <= max_aspect."""

    reads: ClassVar = "header"  # judged before decoding
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
        scores = {"short_side": short, "aspect": long / short}
        if short < self.min_side:
            return drop("image_too_small", scores)
        if long > self.max_aspect * short:
            return drop("image_too_elongated", scores)
        return keep(scores)
