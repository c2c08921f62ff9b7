"""Drop flat images: images of one color, or nearly."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from filters.base import ImageFilter, Judge, reaches
from filters.limits import Limit, lowest
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict, drop, keep

_PIXELS_AT_A_TIME = 1 << 16  # fits the CPU cache; sums of squares of 8-bit values fit 32 bits


class ImageQuality(ImageFilter):
    """Keep images whose first frame has a standard deviation of color >= min_contrast.

    Of a video, one sampled frame suffices, because many begin or end in one color. The standard
    deviation of color is the largest of those of red, green and blue. It is never
    below that of luma, and equals it for gray images.
    """

    rules: ClassVar = "5"
    reads: ClassVar = "frames"
    thresholds: ClassVar = frozenset({"min_contrast"})
    kind: Literal["image_quality"] = "image_quality"
    """The name of this filter."""
    min_contrast: float = Field(2.0, ge=0, le=127.5)
    """The lowest standard deviation of color, in 8-bit levels (0 to 255), inclusive."""

    def load(self, resources: Resources) -> Judge[Sample]:
        return self  # nothing to load

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, sample: Sample) -> Verdict:
        # The model sees the first frame of an animated image, and frames throughout a video.
        frames = sample.frames if sample.is_video else sample.frames[:1]
        return self._decide({"contrast": max(map(contrast, frames))})

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._decide(scores) if "contrast" in scores else None

    def limits(self, score: str) -> tuple[Limit, ...]:
        return lowest("min_contrast", self.min_contrast) if score == "contrast" else ()

    def _decide(self, scores: Mapping[str, float]) -> Verdict:
        is_kept = reaches(scores["contrast"], self.min_contrast)
        return keep(scores) if is_kept else drop("image_flat", scores)


def contrast(frame: RGB) -> float:
    """Return the largest standard deviation of a frame's channels, in 8-bit levels (0 to 127.5).

    The frame is [height, width, 3]. A flat frame gives exactly 0. Sums are integers, so they are
    exact and the same in any order.
    """
    pixels = frame.reshape(-1, 3)
    totals, squares = np.zeros(3, np.uint64), np.zeros(3, np.uint64)
    for start in range(0, len(pixels), _PIXELS_AT_A_TIME):
        channels = np.ascontiguousarray(pixels[start : start + _PIXELS_AT_A_TIME].T)
        totals += channels.sum(axis=1, dtype=np.uint32)
        squares += np.square(channels, dtype=np.uint16).sum(axis=1, dtype=np.uint32)
    count = len(pixels)
    sums = zip(totals.tolist(), squares.tolist(), strict=True)
    return max(math.sqrt(count * square - total * total) for total, square in sums) / count
