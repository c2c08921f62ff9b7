"""Counts scores in memory that does not depend on their number."""

import numpy as np
import numpy.typing as npt

_SHIFT = 12  # bits of a number in single precision that are left out, of 23 after the point
_SIGN = np.uint32(1 << 31)

Floats = npt.NDArray[np.float32]


class ScoreHistogram:
    """Counts scores in bins whose width is 1/2048 of their value.

    A bin is a number in single precision without its last 12 bits, so at most a million bins exist.
    """

    def __init__(self) -> None:
        self._keys = np.empty(0, np.uint32)  # sorted like the numbers
        self.counts = np.empty(0, np.int64)

    def add(self, values: Floats) -> None:
        """Count finite values."""
        self._add(*np.unique(_keys_of(values), return_counts=True))

    def add_zeros(self, number: int) -> None:
        """Count the value 0 a number of times."""
        if number:
            self._add(_keys_of(np.zeros(1, np.float32)), np.array([number]))

    def merged(self, other: "ScoreHistogram") -> "ScoreHistogram":
        """Return a histogram of the values of both."""
        both = ScoreHistogram()
        for histogram in (self, other):
            both._add(histogram._keys, histogram.counts)
        return both

    def _add(self, keys: npt.NDArray[np.uint32], counts: npt.NDArray[np.int64]) -> None:
        merged = np.union1d(self._keys, keys)
        total = np.zeros(len(merged), np.int64)
        total[np.searchsorted(merged, self._keys)] += self.counts
        total[np.searchsorted(merged, keys)] += counts
        self._keys, self.counts = merged, total

    @property
    def number(self) -> int:
        """The number of counted values."""
        return int(self.counts.sum())

    @property
    def values(self) -> Floats:
        """The lowest value of each bin, in order."""
        bits = self._keys << np.uint32(_SHIFT)
        values: Floats = np.where(bits & _SIGN, bits ^ _SIGN, ~bits).astype(np.uint32).view("f4")
        return values

    def quantiles(self, shares: npt.NDArray[np.float64]) -> Floats:
        """Return the values that have these shares of all values below them, as bins tell."""
        ends = np.cumsum(self.counts)
        places = np.searchsorted(ends, shares * ends[-1], side="right")
        found: Floats = self.values[np.minimum(places, len(ends) - 1)]
        return found


def _keys_of(values: Floats) -> npt.NDArray[np.uint32]:
    """Return integers that are ordered like the values, without their last bits."""
    bits = (values + np.float32(0)).view(np.uint32)  # + 0: makes -0 the same as 0
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN).astype(np.uint32)
    return ordered >> np.uint32(_SHIFT)
