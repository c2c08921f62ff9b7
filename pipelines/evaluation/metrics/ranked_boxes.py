"""Averages the precision of ranked boxes over resamples of images, as COCOeval accumulates it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.metrics.metric import Floats

Times = npt.NDArray[np.uint16]  # how often a resample has an image

_NUMBERS_AT_ONCE = 1 << 18  # resamples times boxes: 2 MiB for each array


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
            weights = times[rows, self.images].astype(np.float64)
            found[rows] = self._averaged(weights, wanted[rows], recalls)
        found[wanted == 0] = np.nan
        return found

    def _averaged(self, weights: Floats, wanted: Floats, recalls: Floats) -> Floats:
        if not weights.shape[1]:
            return np.zeros((len(weights), len(self.matched)))
        ranks = weights.cumsum(axis=1)
        averages = []
        for matched in self.matched:
            right = (weights * matched).cumsum(axis=1)
            precision = right / (ranks + np.spacing(1))
            best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
            recall = right / np.maximum(wanted, 1)[:, None]
            reached = np.searchsorted(recalls, recall, side="right")
            first = np.diff(reached, axis=1, prepend=0)  # recalls that a box reaches first
            averages.append((best * first).sum(axis=1) / len(recalls))
        return np.stack(averages, axis=1)


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
