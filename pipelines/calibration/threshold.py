"""The threshold of a score that is calibrated: which values of the score it rejects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from filters.limits import Limit, Side
from pipelines.calibration.histogram import Floats


@dataclass(frozen=True, slots=True)
class Threshold:
    """A kind of threshold: the side of it that a filter rejects.

    Values are compared in single precision, in which rows store scores.
    """

    worse: Side = "higher"
    inclusive: bool = True  # whether the threshold itself is rejected

    @classmethod
    def of(cls, limit: Limit) -> "Threshold":
        return cls(limit.worse, limit.inclusive)

    def cut(self, at: float) -> float:
        """Return the lowest value on the higher side of a threshold."""
        value = np.float32(at)
        if self.inclusive == (self.worse == "higher"):
            return float(value)
        return float(np.nextafter(value, np.float32(np.inf)))

    def rejects(self, values: Floats, at: float) -> npt.NDArray[np.bool_]:
        """Return which values a threshold rejects."""
        higher = values >= np.float32(self.cut(at))
        return higher if self.worse == "higher" else ~higher

    def count_rejected(self, values: Floats, thresholds: Sequence[float]) -> npt.NDArray[np.intp]:
        """Return how many values each of the sorted thresholds rejects."""
        cuts = np.array([self.cut(at) for at in thresholds], np.float32)
        # The number of values in front of, between and behind the cuts.
        between = np.bincount(np.searchsorted(cuts, values, side="right"), minlength=len(cuts) + 1)
        below = np.cumsum(between)[:-1]
        return len(values) - below if self.worse == "higher" else below


def short(value: float) -> float:
    """Round to four digits, which people read and spreadsheets leave as they are."""
    return float(f"{value:.4g}")
