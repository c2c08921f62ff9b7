"""Drop images that show nothing: of one colour, or nearly."""

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from filters.base import ImageFilter, Judge
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict, drop, keep

# Of red, green and blue in luma, in 256ths: ITU-R BT.601, as in JPEG. Integers, for their sums
# are the same in any order and exact: 16 bits hold a luma, 32 its square.
_RED, _GREEN, _BLUE = np.array([77, 150, 29], np.uint16)
_PIXELS_AT_A_TIME = 1 << 18  # bounds memory, and stays in the cache


class ImageQuality(ImageFilter):
    """Keep images whose luma has a standard deviation >= min_contrast over the first frame."""

    reads: ClassVar = "frames"
    kind: Literal["image_quality"] = "image_quality"
    min_contrast: float = Field(2.0, ge=0, le=127.5)  # levels of 255, inclusive

    def load(self, resources: Resources) -> Judge[Sample]:
        return self  # nothing to load

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item.frames[0]) for item in items]

    def _judge(self, frame: RGB) -> Verdict:
        scores = {"contrast": contrast(frame)}
        return (
            drop("image_flat", scores) if scores["contrast"] < self.min_contrast else keep(scores)
        )


def contrast(frame: RGB) -> float:
    """Standard deviation of the luma of [height, width, 3], in levels of 255; exactly 0 if flat."""
    pixels = frame.reshape(-1, 3)
    total = squares = 0
    for start in range(0, len(pixels), _PIXELS_AT_A_TIME):
        red, green, blue = pixels[start : start + _PIXELS_AT_A_TIME].T
        luma = red * _RED + green * _GREEN + blue * _BLUE
        total += int(luma.sum(dtype=np.uint64))
        squares += int(np.square(luma, dtype=np.uint32).sum(dtype=np.uint64))
    count = len(pixels)
    return math.sqrt(count * squares - total * total) / count / 256
