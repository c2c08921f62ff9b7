"""The order in which a run takes units, so that runs which start at once do not meet.

Each run has points on a ring; a unit belongs to the run whose point follows the unit's own. So each
run that knows the others knows its share, and a run that joins or ends moves few units.
"""

import hashlib
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_POINTS = 32  # of a run: shares then differ by about a fifth


def mix(numbers: Numbers) -> Numbers:
    """Scatter numbers over 64 bits (splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Numbers = numbers ^ (numbers >> np.uint64(31))
    return mixed


def run_number(run: str) -> int:
    """Return a number of 64 bits for a run."""
    return int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=8192)
def run_points(run: str) -> Numbers:
    """Return the points of a run on the ring, which nobody changes."""
    return mix(np.uint64(run_number(run)) ^ np.arange(_POINTS, dtype=np.uint64))


class Spread:
    """The places of units on the ring, and their classes of size.

    Runs of one output number its units alike, by their positions in the manifest.
    """

    def __init__(self, numbers: Callable[[], Positions], sizes: Positions) -> None:
        """Take the bytes of each unit; `numbers` is called for their numbers, if needed."""
        self._numbers = numbers
        self._sizes = sizes

    @cached_property
    def _places(self) -> Numbers:
        return mix(self._numbers().astype(np.uint64))

    @cached_property
    def _by_place(self) -> Positions:
        return np.argsort(self._places)

    @cached_property
    def _sorted(self) -> Numbers:
        return self._places[self._by_place]

    @cached_property
    def _classes(self) -> Positions:
        """Units whose sizes differ by less than a factor of two are of one class."""
        return np.log2(np.maximum(self._sizes, 1)).astype(np.int64)

    def share(self, run: str, others: Iterable[str]) -> Positions:
        """Return the units that belong to a run beside the others, the largest first."""
        theirs = [run_points(other) for other in others]
        if not theirs:
            return self.ordered(run, np.arange(len(self._places)))
        rivals = np.sort(np.concatenate(theirs))
        own = np.sort(run_points(run))
        points = np.sort(np.concatenate([rivals, own]))
        before = points[np.searchsorted(points, own) - 1]  # of the first point: the last one
        starts = np.searchsorted(self._sorted, before, side="right")
        ends = np.searchsorted(self._sorted, own, side="right")
        parts = []
        for start, end, wraps in zip(starts, ends, before > own, strict=True):
            if wraps:
                parts += [self._by_place[start:], self._by_place[:end]]
            else:
                parts.append(self._by_place[start:end])
        return self.ordered(run, np.concatenate(parts))

    def ordered(self, run: str, units: Positions) -> Positions:
        """Return units, those of larger classes first; each run has another order in a class."""
        places = mix(self._places[units] ^ np.uint64(run_number(run)))
        return units[np.lexsort((places, -self._classes[units]))]
