"""Counts the values of one score, of kept rows and of all others, in bounded memory."""

from dataclasses import dataclass, field

import numpy as np

from pipelines.calibration.histogram import Floats, ScoreHistogram

_WAITING = 1 << 18  # values that wait to be counted: sorting many at once is faster


class ManyValues:
    """Takes values in small pieces, and counts many of them at once."""

    def __init__(self) -> None:
        self._counted = ScoreHistogram()
        self._waiting: list[Floats] = []
        self._number = 0

    def add(self, values: Floats) -> None:
        """Take finite values."""
        self._waiting.append(values)
        self._number += len(values)
        if self._number > _WAITING:
            self._count()

    def merge(self, other: "ManyValues") -> None:
        """Take the values of another object too."""
        if other._counted.number:
            self._counted = self._counted.merged(other._counted)
        for values in other._waiting:
            self.add(values)

    def histogram(self) -> ScoreHistogram:
        self._count()
        return self._counted

    def _count(self) -> None:
        if self._waiting:
            self._counted.add(np.concatenate(self._waiting))
            self._waiting, self._number = [], 0


@dataclass(frozen=True, slots=True)
class ScoreValues:
    """The values of one score."""

    kept: ManyValues = field(default_factory=ManyValues)
    others: ManyValues = field(default_factory=ManyValues)  # of rows that were not kept

    def merge(self, other: "ScoreValues") -> None:
        self.kept.merge(other.kept)
        self.others.merge(other.others)
