"""Drop flat images: images of one color, or nearly."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from filters.base import ImageFilter, Judge, reaches
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict, drop, keep

# Weights of red, green and blue in luma, in 256ths: ITU-R BT.601, as in JPEG. Integer sums are
# exact and the same in any order: a luma fits 16 bits, its square 32.
_RED, _GREEN, _BLUE = np.array([77, 150, 29], np.uint16)
_PIXELS_AT_A_TIME = 1 << 18  # bounds memory and fits the CPU cache


class ImageQuality(ImageFilter):
    """Keep images whose first frame has a standard deviation of luma >= min_contrast."""

    rules: ClassVar = "2"
    reads: ClassVar = "frames"
    thresholds: ClassVar = frozenset({"min_contrast"})
    kind: Literal["image_quality"] = "image_quality"
    """The name of this filter."""
    min_contrast: float = Field(2.0, ge=0, le=127.5)
    """The lowest standard deviation of luma, in 8-bit levels (0 to 255), inclusive."""

    def load(self, resources: Resources) -> Judge[Sample]:
        return self  # nothing to load

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item.frames[0]) for item in items]

    def _judge(self, frame: RGB) -> Verdict:
        return self._decide({"contrast": contrast(frame)})

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._decide(scores) if "contrast" in scores else None

    def _decide(self, scores: Mapping[str, float]) -> Verdict:
        is_kept = reaches(scores["contrast"], self.min_contrast)
        return keep(scores) if is_kept else drop("image_flat", scores)


def contrast(frame: RGB) -> float:
    """Return the standard deviation of a frame's luma, in 8-bit levels (0 to 255).

    The frame is [height, width, 3]. A flat frame gives exactly 0.
    """
    pixels = frame.reshape(-1, 3)
    total = squares = 0
    for start in range(0, len(pixels), _PIXELS_AT_A_TIME):
        red, green, blue = pixels[start : start + _PIXELS_AT_A_TIME].T
        luma = red * _RED + green * _GREEN + blue * _BLUE
        total += int(luma.sum(dtype=np.uint64))
        squares += int(np.square(luma, dtype=np.uint32).sum(dtype=np.uint64))
    count = len(pixels)
    return math.sqrt(count * squares - total * total) / count / 256
