"""The order in which a run takes units, so that runs which start at once do not meet.

Each run has points on a ring; a unit belongs to the run whose point follows the unit's own. So each
run that knows the others knows its share, and a run that joins or ends moves few units.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_POINTS = 64  # of a run: shares then differ by about an eighth


def mix(numbers: Numbers) -> Numbers:
    """Scatter numbers over 64 bits (splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Numbers = numbers ^ (numbers >> np.uint64(31))
    return mixed


@lru_cache(maxsize=8192)
def run_number(run: str) -> int:
    """Return a number of 64 bits for a run."""
    return int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest(), "big")


def chance(run: str, unit: int) -> float:
    """Return a number from 0 to 1 for a run and a unit, as if it were drawn by lot."""
    number = (run_number(run) ^ unit) * 0x9E3779B97F4A7C15  # numpy is slow for one number
    return (number >> 32 & 0xFFFFFFFF) / 2**32


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
        """Return the units that belong to a run beside the others, in no certain order."""
        theirs = [run_points(other) for other in others]
        if not theirs:
            return np.arange(len(self._sizes))
        own = np.sort(run_points(run))
        points = np.sort(np.concatenate([*theirs, own]))
        before = points[np.searchsorted(points, own) - 1]  # of the first point: the last one
        starts = np.searchsorted(self._sorted, before, side="right")
        ends = np.searchsorted(self._sorted, own, side="right")
        parts = []
        for start, end, wraps in zip(starts, ends, before > own, strict=True):
            if wraps:
                parts += [self._by_place[start:], self._by_place[:end]]
            else:
                parts.append(self._by_place[start:end])
        return np.concatenate(parts)

    def ordered(self, run: str, units: Positions) -> Positions:
        """Return units, those of larger classes first; each run has another order in a class."""
        places = mix(self._places[units] ^ np.uint64(run_number(run)))
        return units[np.lexsort((places, -self._classes[units]))]

    def others_rests(self, run: str, others: Sequence[str], units: Positions) -> Positions:
        """Return the units of other runs in the order in which a run helps these runs.

        Each of them takes its units from the first to the last of its own order. So the later
        half of what it has comes first here, and within a half larger classes come first.
        """
        points = np.concatenate([run_points(other) for other in others])
        owners = np.repeat(np.arange(len(others)), _POINTS)
        in_order = np.argsort(points)
        after = np.searchsorted(points[in_order], self._places[units]) % len(points)
        owner = owners[in_order][after]
        numbers = np.array([run_number(other) for other in others], np.uint64)
        theirs = mix(self._places[units] ^ numbers[owner])
        queues = np.lexsort((theirs, -self._classes[units], owner))  # one queue after another
        lengths = np.bincount(owner, minlength=len(others))
        first = np.cumsum(lengths) - lengths
        rank = np.arange(len(units)) - first[owner[queues]]
        is_early = rank < lengths[owner[queues]] // 2
        units = units[queues]
        places = mix(self._places[units] ^ np.uint64(run_number(run)))
        return units[np.lexsort((places, -self._classes[units], is_early))]
