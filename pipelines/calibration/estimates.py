"""Estimates precision and recall of thresholds from decisions about a stratified sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from pipelines.calibration.histogram import Floats
from pipelines.calibration.threshold import Threshold, short

Z = 1.959964  # the quantile of the normal distribution for intervals of 95 %

_MOST_CANDIDATES = 1000  # thresholds among which the wanted one is sought

_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimated share with its interval of 95 %."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ThresholdEstimate:
    """What decisions tell about one threshold."""

    threshold: float
    decided: int  # samples beyond the threshold
    precision: Interval | None  # None: nothing beyond the threshold was decided
    recall: Interval | None  # None: nobody rejected a sample


@dataclass(frozen=True, slots=True)
class WantedThreshold:
    """The loosest threshold with a wanted precision; None where no threshold reaches it."""

    estimate: float | None
    loosest: float | None  # the loosest threshold whose interval reaches the wanted precision
    surest: float | None  # the loosest threshold whose whole interval reaches it


class DecidedSample:
    """Decisions about samples that were drawn at random from strata of known sizes.

    A sample of a stratum stands for size / decided samples (Horvitz and Thompson, 1952). Samples
    that were drawn and not decided are taken to be like those that were.
    """

    def __init__(
        self,
        values: Floats,
        rejected: _Mask,
        strata: npt.NDArray[np.intp],
        sizes: Sequence[int],
    ) -> None:
        """Take a score and a decision for each sample, and the number of its stratum.

        `sizes` are the numbers of samples in each stratum.
        """
        self.values, self.rejected, self._strata = values, rejected, strata
        self._decided = np.bincount(strata, minlength=len(sizes))
        self._sizes = np.maximum(np.array(sizes), self._decided)
        self.weights = (self._sizes / np.maximum(self._decided, 1))[strata]

    def total(self, of: _Mask) -> float:
        """Return the estimated number of samples of a kind among all samples of the strata."""
        return float(self.weights[of].sum())

    def share(self, among: _Mask, of: _Mask) -> Interval | None:
        """Return the estimated share of a kind of samples among others; None without such samples.

        The interval is Wilson's (1927) with an effective number of samples: the smaller one of
        Kish's (1965) and of the number that has the variance of the estimate over strata (Korn and
        Graubard, 1998).
        """
        if not among.any():
            return None
        estimate = self.total(among & of) / self.total(among)
        number = min(self._kish(among), self._by_variance(among, of, estimate))
        return Interval(estimate, *wilson(estimate, number))

    def _kish(self, among: _Mask) -> float:
        """Return Kish's effective number of samples, with the correction for finite strata."""
        left = 1 - (self._decided / np.maximum(self._sizes, 1))[self._strata]
        squares = float((self.weights**2 * left)[among].sum())
        return self.total(among) ** 2 / squares if squares else inf

    def _by_variance(self, among: _Mask, of: _Mask, estimate: float) -> float:
        """Return p (1 - p) / v; v is the linearized variance of the ratio over strata.

        Cochran (1977), Sampling techniques, equation 6.52, for a domain.
        """
        residuals = np.where(among, of - estimate, 0.0)
        sums, squares = (
            np.bincount(self._strata, values, len(self._sizes))
            for values in (residuals, residuals**2)
        )
        several = self._decided > 1
        sizes, decided = self._sizes[several], self._decided[several]
        spreads = (squares[several] - sums[several] ** 2 / decided) / (decided - 1)
        variance = float((sizes * (sizes - decided) / decided * spreads.clip(0)).sum())
        variance /= self.total(among) ** 2
        return estimate * (1 - estimate) / variance if variance and 0 < estimate < 1 else inf

    def at(self, threshold: float, kind: Threshold) -> ThresholdEstimate:
        """Return precision and recall of a threshold."""
        beyond = kind.rejects(self.values, threshold)
        return ThresholdEstimate(
            threshold,
            int(beyond.sum()),
            self.share(beyond, self.rejected),
            self._recall(beyond),
        )

    def _recall(self, beyond: _Mask) -> Interval | None:
        """Return the share of rejected samples that are beyond a threshold.

        The interval is the wider one, at each end, of two: that of the share, and one that combines
        the ends of the intervals on both sides of the threshold, because a side without rejected
        samples in the sample may still have some.
        """
        found = self.total(beyond & self.rejected)
        missed = self.total(~beyond & self.rejected)
        if not found + missed:
            return None
        inside, outside = self.share(beyond, self.rejected), self.share(~beyond, self.rejected)
        if inside is None:
            return Interval(0, 0, 0) if outside else None
        if outside is None:
            return Interval(1, 1, 1)
        share = self.share(self.rejected, beyond)
        assert share is not None, "some samples are rejected"
        numbers = self.total(beyond), self.total(~beyond)
        low = _ratio(numbers[0] * inside.low, numbers[1] * outside.high)
        high = _ratio(numbers[0] * inside.high, numbers[1] * outside.low)
        return Interval(share.estimate, min(low, share.low), max(high, share.high))

    def threshold_for(self, precision: float, kind: Threshold) -> WantedThreshold:
        """Return the loosest threshold, of the scores of the sample, with a wanted precision.

        The interval inverts those of the precision: it has the thresholds of which the decisions
        leave open whether they are the wanted one.
        """
        candidates = sorted({short(value) for value in self.values.tolist()})
        candidates = candidates[:: len(candidates) // _MOST_CANDIDATES + 1]
        estimate = loosest = surest = None
        for threshold in candidates if kind.worse == "higher" else candidates[::-1]:
            at = self.share(kind.rejects(self.values, threshold), self.rejected)
            if at is None:
                continue
            loosest = threshold if loosest is None and at.high >= precision else loosest
            estimate = threshold if estimate is None and at.estimate >= precision else estimate
            if at.low >= precision:
                surest = threshold
                break
        return WantedThreshold(estimate, loosest, surest)


def wilson(share: float, number: float) -> tuple[float, float]:
    """Return the interval of 95 % of a share that was found in a number of samples.

    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if number == inf:
        return share, share
    center = (share + Z * Z / (2 * number)) / (1 + Z * Z / number)
    half = Z / (1 + Z * Z / number) * sqrt(share * (1 - share) / number + (Z / (2 * number)) ** 2)
    # Both ends are exact at the ends of the scale, where rounding would move them.
    return (0.0 if share == 0 else center - half), (1.0 if share == 1 else center + half)


def least_decided(precision: float) -> int:
    """Return how many samples, all rejected, make sure of a precision by Wilson's interval."""
    return int(-(-Z * Z * precision // (1 - precision)))


def _ratio(part: float, rest: float) -> float:
    return part / (part + rest) if part + rest else 0.0
