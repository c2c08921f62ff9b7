"""Pairs of near hashes, counted so that a hash keeps a few of them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int32]


class Pairs(NamedTuple):
    """Pairs of near hashes, by position; the second one of a pair stands before the first one."""

    positions: Positions
    before: Positions
    distances: npt.NDArray[np.uint8]

    def where(self, mask: npt.NDArray[np.bool_]) -> "Pairs":
        return Pairs(self.positions[mask], self.before[mask], self.distances[mask])


class PairCounter:
    """Counts the different pairs of each hash, up to `most`."""

    def __init__(self, number: int, most: int) -> None:
        self.most = most
        self._known = np.full((number, most), -1, np.int32)  # the hashes before, of each hash
        self._counts = np.zeros(number, np.uint8)
        self.is_full = np.zeros(number, np.bool_)

    def add(self, pairs: Pairs) -> Pairs:
        """Return the pairs that are new, of hashes that are not full."""
        pairs = pairs.where(~self.is_full[pairs.positions])
        pairs = pairs.where((self._known[pairs.positions] != pairs.before[:, None]).all(axis=1))
        # Several pairs of a hash: their numbers after those that the hash has.
        order = np.lexsort((pairs.before, pairs.positions))
        pairs = Pairs(pairs.positions[order], pairs.before[order], pairs.distances[order])
        _, firsts, lengths = np.unique(pairs.positions, return_index=True, return_counts=True)
        numbers = np.arange(len(order)) - np.repeat(firsts, lengths)
        numbers += self._counts[pairs.positions]
        fits = numbers < self.most
        pairs, numbers = pairs.where(fits), numbers[fits]
        self._known[pairs.positions, numbers] = pairs.before
        np.add.at(self._counts, pairs.positions, 1)
        self.is_full[pairs.positions] = self._counts[pairs.positions] >= self.most
        return pairs
