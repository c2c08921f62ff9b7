"""Averages the precision of ranked boxes over resamples of images, as COCOeval accumulates it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.metrics.metric import Floats

Times = npt.NDArray[np.uint16]  # how often a resample has an image
Numbers = npt.NDArray[np.int32]

_NUMBERS_AT_ONCE = 1 << 16  # resamples times boxes: arrays of 512 KiB, which caches hold


@dataclass(frozen=True, slots=True)
class RankedBoxes:
    """The boxes of a label in all images, the surest first, and the references of this label."""

    images: npt.NDArray[np.intp]  # [boxes]: the image of each box
    matched: npt.NDArray[np.bool_]  # [thresholds, boxes]: at each IoU
    truth_images: npt.NDArray[np.intp]  # [images with references]
    truths: Floats  # [images with references]: how many each has

    def average_precision(self, times: Times, recalls: Floats) -> Floats:
        """Return the average precision of each resample at each IoU, [resamples, thresholds].

        `times`, [resamples, images], says how often a resample has an image. `recalls`, sorted, are
        those at which precision is read: at each, the best precision of any recall as high counts.
        The result is NaN for a resample without references.
        """
        wanted = times[:, self.truth_images] @ self.truths
        found = np.zeros((len(times), len(self.matched)))
        step = max(1, _NUMBERS_AT_ONCE // max(1, len(self.images)))
        for start in range(0, len(times), step):
            rows = slice(start, start + step)
            weights = times[rows, self.images].T.astype(np.int32, order="C")
            found[rows] = self._averaged(weights, wanted[rows], recalls)
        found[wanted == 0] = np.nan
        return found

    def _averaged(self, weights: Numbers, wanted: Floats, recalls: Floats) -> Floats:
        """Return the average precision of resamples by the weights of boxes, [boxes, resamples].

        Recall grows at matched boxes alone, and precision falls at all others, so that matched ones
        are looked at alone. The sum is over all boxes, so that it is rounded as COCOeval's is.
        """
        averages = np.zeros((weights.shape[1], len(self.matched)))
        if not len(weights):
            return averages
        ranks = weights.cumsum(axis=0, dtype=np.int32)
        reached = _Reached.of(wanted, int(ranks[-1].max()), recalls)
        is_drawn = weights.any(axis=1)
        for number, matched in enumerate(self.matched):
            boxes = np.flatnonzero(matched & is_drawn)
            if not len(boxes):
                continue
            right = weights[boxes].cumsum(axis=0, dtype=np.int32)
            precision = right / (ranks[boxes] + np.spacing(1))
            best = np.maximum.accumulate(precision[::-1])[::-1]
            before = 0 if boxes[0] == 0 else reached.at_once
            first = np.diff(reached.of_rights(right), axis=0, prepend=before)  # by a box
            summands = np.zeros(weights.shape)
            summands[0] = best[0] * before
            summands[boxes] = best * first
            averages[:, number] = np.ascontiguousarray(summands.T).sum(axis=1) / len(recalls)
        return averages


@dataclass(frozen=True, slots=True)
class _Reached:
    """How many recalls are reached by a number of right boxes."""

    numbers: Numbers  # for each number of references, and each of right boxes
    starts: npt.NDArray[np.intp]  # [resamples]: where the numbers of a resample begin
    at_once: int  # recalls that are reached without a right box

    @classmethod
    def of(cls, wanted: Floats, most: int, recalls: Floats) -> "_Reached":
        """Count for resamples with `wanted` references, and up to `most` right boxes."""
        references, places = np.unique(np.maximum(wanted, 1), return_inverse=True)
        shares = np.arange(most + 1) / references[:, None]
        numbers = np.searchsorted(recalls, shares.ravel(), side="right").astype(np.int32)
        return cls(numbers, places.astype(np.intp) * (most + 1), int(numbers[0]))

    def of_rights(self, right: Numbers) -> Numbers:
        """Return the number for each number of right boxes, [boxes, resamples]."""
        found: Numbers = self.numbers[self.starts + right]
        return found


def mean_over_labels(labels: Sequence[RankedBoxes], times: Times, recalls: Floats) -> Floats:
    """Return the mean of all labels with references, [resamples, thresholds]; NaN without any."""
    sums: Floats | float = 0.0
    present: Floats | float = 0.0
    for label in labels:
        found = label.average_precision(times, recalls)
        known = ~np.isnan(found)
        sums = sums + np.where(known, found, 0)
        present = present + known
    return np.where(present != 0, sums / np.maximum(present, 1), np.nan)
