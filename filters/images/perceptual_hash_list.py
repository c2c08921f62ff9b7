"""Drop pairs whose image looks like one on the operator's list of perceptual hashes.

The hash is PDQ (Facebook's hash of 256 bits, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm", 2019) of every frame, its flips and its rotations. A match stores only the
reason: no score, no distance and no entry of the list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from filters.base import ImageFilter, Judge
from filters.images.hamming_index import HammingIndex
from filters.images.hash_entries import SIZES, read_hashes
from filters.images.pdq import ALGORITHM, LOWEST_QUALITY, flipped_hashes, load_pdqhash
from schemas.path_text import PathText
from schemas.resources import Resources
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict, drop, keep

_NEEDED_BY = "kind: perceptual_hash_list"


class PerceptualHashList(ImageFilter):
    """Keep images if no frame is within max_distance of a hash on the list.

    Every sampled frame, with its flips and rotations, is compared with a list of PDQ hashes. Frames
    with a quality <= ignore_quality are skipped, because they are nearly flat and their hashes
    match anything. The filter needs `pip install 'pdqhash>=0.2.8'`.
    """

    conceals: ClassVar = True
    kind: Literal["perceptual_hash_list"] = "perceptual_hash_list"
    """The name of this filter."""
    path: PathText = Field(min_length=1)
    """A CSV file with the columns `algorithm` and `hash`; only entries of pdq are read."""
    max_distance: int = Field(31, ge=0, le=63)
    """The largest distance that is a match, in bits of 256, inclusive."""
    ignore_quality: int = Field(LOWEST_QUALITY, ge=-1, le=99)
    """The highest quality, of 100, at which a frame is skipped, inclusive."""

    def files(self) -> tuple[str, ...]:
        return (self.path,)

    def check(self, resources: Resources) -> None:
        load_pdqhash(_NEEDED_BY)
        read_hashes(resources, self.path, [ALGORITHM])

    def load(self, resources: Resources) -> Judge[Sample]:
        hashes = read_hashes(resources, self.path, [ALGORITHM])[ALGORITHM]
        listed = np.frombuffer(hashes, np.uint8).reshape(-1, SIZES[ALGORITHM])
        return _Judge(
            HammingIndex(listed, self.max_distance), self.ignore_quality, load_pdqhash(_NEEDED_BY)
        )


@dataclass(frozen=True, slots=True)
class _Judge:
    index: HammingIndex = field(repr=False)
    ignore_quality: int
    pdqhash: Any

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [self._judge(item.frames) for item in items]

    def _judge(self, frames: Sequence[RGB]) -> Verdict:
        lowest = 100
        for frame in frames:
            hashes, quality = flipped_hashes(frame, self.pdqhash)
            lowest = min(lowest, quality)
            if quality > self.ignore_quality and self.index.has_near(hashes):
                return drop("perceptual_hash_listed")
        return keep({"quality": lowest})
