"""Chooses the bins in which a histogram on a page shows numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.calibration.histogram import ScoreHistogram

_BINS = 40
_DIGITS = 3  # of a score that count: its histogram has bins of 1/2048 of the value
_WIDE = 20  # ratio of the highest to the lowest value from which bins grow by a ratio
_MOST = 0.995  # share of the values below the last one of linear bins, which has all larger ones

_LARGEST_WHOLE = 1e9  # larger numbers are no counts

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Sorted numbers, and how often each occurs."""

    values: Numbers
    counts: npt.NDArray[np.int64]

    @classmethod
    def of_scores(cls, scores: ScoreHistogram) -> "Distribution":
        """Return scores, rounded to three digits, so that 0.85 is 0.85."""
        lowest = scores.values.astype(np.float64)
        middle = lowest * (1 + 1 / 8192)
        magnitude = np.floor(np.log10(np.abs(np.where(lowest == 0, 1, lowest))))
        scale = 10.0 ** (_DIGITS - 1 - magnitude)
        is_whole = lowest == np.floor(lowest)
        return cls(np.where(is_whole, lowest, np.round(middle * scale) / scale), scores.counts)

    @classmethod
    def of_numbers(cls, numbers: Mapping[int, int]) -> "Distribution":
        """Return whole numbers, of which a mapping says how often each occurs."""
        values = sorted(numbers)
        counts = np.array([numbers[value] for value in values], np.int64)
        return cls(np.array(values, np.float64), counts)

    @property
    def number(self) -> int:
        return int(self.counts.sum())

    def quantile(self, share: float) -> float:
        """Return the value that has this share of all values below it; NaN without values."""
        if not self.number:
            return float("nan")
        ends = np.cumsum(self.counts)
        place = np.searchsorted(ends, share * ends[-1], side="right")
        return float(self.values[min(int(place), len(ends) - 1)])

    def in_bins(self, edges: Numbers) -> list[int]:
        """Return the number of values in each bin: from its edge on, up to the next one exclusive.

        Values beyond the edges are in the outer bins.
        """
        places = np.searchsorted(edges, self.values, side="right") - 1
        places = np.clip(places, 0, len(edges) - 2)
        counted = np.bincount(places, self.counts, len(edges) - 1)
        return [int(number) for number in counted]


def choose_edges(parts: Sequence[Distribution], limits: Sequence[float] = ()) -> Numbers:
    """Return the edges of bins for all values, of which there is at least one.

    The bins also reach to those limits that are not far from the values. Scores between 0 and 1 are
    shown on that whole range, whole numbers in bins of whole numbers, and a wide range of positive
    values in bins that grow by a ratio.
    """
    filled = [part for part in parts if part.number]
    low = min(float(part.values[0]) for part in filled)
    high = max(float(part.values[-1]) for part in filled)
    near = [limit for limit in limits if abs(limit - (low + high) / 2) <= 1.5 * (high - low)]
    low, high = min([low, *near]), max([high, *near])
    are_whole = max(-low, high) < _LARGEST_WHOLE and all(
        bool((part.values == np.floor(part.values)).all()) for part in filled
    )
    if are_whole and high - low < _BINS and (high > 1 or low < 0 or low == high):
        edges = np.arange(np.floor(low), np.floor(high) + 2)
    elif low >= 0 and high <= 1:
        edges = np.linspace(0, 1, _BINS + 1)
    elif low > 0 and high / low > _WIDE:
        edges = np.geomspace(low, high, _BINS + 1)
    else:
        top = max([*(part.quantile(_MOST) for part in filled), *near])
        step = _round_step((top - low) / _BINS or abs(low), are_whole)
        first = np.floor(low / step) * step
        edges = first + step * np.arange(int(np.floor((top - first) / step)) + 2)
    return np.array([float(f"{edge:.12g}") for edge in edges])


def _round_step(step: float, is_whole: bool) -> float:
    """Return the next larger one of 1, 2, 5, 10, 20, 50 and so on, or of their fractions."""
    if not step > 0:
        return 1.0
    power = float(10.0 ** np.floor(np.log10(step)))
    rounded = next(each * power for each in (1, 2, 5, 10) if each * power >= step * 0.999)
    return max(rounded, 1.0) if is_whole else rounded
