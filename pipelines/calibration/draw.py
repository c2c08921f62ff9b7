"""Draws a sample of each stratum at random, by a seed alone, while rows are read once."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.calibration.histogram import Floats
from pipelines.calibration.strata import allocate, nearness, stratum_of


@dataclass(frozen=True, slots=True)
class Stratum:
    """A range of scores, and how many of its samples were drawn."""

    low: float  # inclusive
    high: float  # exclusive
    size: int  # samples
    drawn: int


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row that was drawn."""

    unit: int  # the number that the caller gave with the row
    index: int  # likewise
    outcome: int
    value: float
    stratum: Stratum


_ROW = np.dtype(
    [("number", "f8"), ("unit", "i8"), ("index", "i8"), ("outcome", "i1"), ("value", "f4")]
)


class StratifiedDraw:
    """Every row draws a number, and those with the lowest numbers of each stratum are chosen."""

    def __init__(self, edges: list[float], cut: float | None, total: int, seed: int) -> None:
        """Draw `total` rows of the strata between the edges, with more of those near `cut`."""
        self._edges, self._total = edges, total
        self._weights = nearness(edges, cut)
        self._random = np.random.default_rng(seed)
        self._sizes = np.zeros(len(edges) - 1, np.int64)
        self._lowest = [np.empty(0, _ROW) for _ in self._weights]

    def add(
        self,
        unit: int,
        indices: npt.NDArray[np.int64],
        values: Floats,
        outcomes: npt.NDArray[np.int8],
    ) -> None:
        """Take rows of a unit, in the order in which they are always read."""
        rows = np.empty(len(indices), _ROW)
        rows["number"], rows["unit"] = self._random.random(len(indices)), unit
        rows["index"], rows["outcome"], rows["value"] = indices, outcomes, values
        strata = stratum_of(values, self._edges)
        self._sizes += np.bincount(strata, minlength=len(self._sizes))
        for stratum in np.unique(strata).tolist():
            both = np.concatenate([self._lowest[stratum], rows[strata == stratum]])
            order = np.argsort(both["number"], kind="stable")
            self._lowest[stratum] = both[order[: self._total]]

    def drawn(self) -> list[DrawnRow]:
        """Return the chosen rows by unit and index."""
        sizes = self._sizes.tolist()
        found: list[DrawnRow] = []
        for place, number in enumerate(allocate(sizes, self._weights, self._total)):
            low, high = self._edges[place : place + 2]
            stratum = Stratum(low, high, sizes[place], number)
            found += [
                DrawnRow(unit, index, outcome, value, stratum)
                for _, unit, index, outcome, value in self._lowest[place][:number].tolist()
            ]
        return sorted(found, key=lambda row: (row.unit, row.index))
