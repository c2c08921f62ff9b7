"""GriTS: the likeness of two tables as grids of cells."""

from abc import abstractmethod
from collections.abc import Callable
from difflib import SequenceMatcher
from functools import lru_cache
from typing import cast

from pipelines.evaluation.metrics.metric import MeanMetric
from pipelines.evaluation.metrics.table_html import Grid, GridCell, read_grid

_Reward = Callable[[int, int], float]
_Alignment = tuple[float, list[tuple[int, int]]]


class Grits(MeanMetric):
    """The F-score of the most alike rows and columns of two grids (arXiv 2203.12555).

    Rows are aligned, then columns, as the authors' code does (factored 2D-MSS). What is no
    table, or has more than 1000 cells, scores 0.
    """

    @abstractmethod
    def likeness(self, left: GridCell, right: GridCell) -> float:
        """Return how alike two cells are, 0 to 1."""

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        given = read_grid(cast(str, prediction))
        grids = (read_grid(cast(str, text)) for text in references)
        return max((self._f(wanted, given) for wanted in grids if given and wanted), default=0.0)

    def _f(self, wanted: Grid, given: Grid) -> float:
        def cells(row: int, column: int, other_row: int, other_column: int) -> float:
            return self.likeness(wanted[row][column], given[other_row][other_column])

        columns = len(wanted[0]), len(given[0])
        rows = len(wanted), len(given)
        by_row = _aligned(*rows, lambda r, s: _aligned(*columns, lambda c, d: cells(r, c, s, d))[0])
        by_column = _aligned(
            *columns, lambda c, d: _aligned(*rows, lambda r, s: cells(r, c, s, d))[0]
        )
        total = sum(cells(r, c, s, d) for r, s in by_row[1] for c, d in by_column[1])
        return 2 * total / (rows[0] * columns[0] + rows[1] * columns[1])


class GritsTopology(Grits):
    """GriTS of the places and spans of cells."""

    name = "grits_top"
    results = ("grits_top",)

    def likeness(self, left: GridCell, right: GridCell) -> float:
        return _span_likeness(left.span, right.span)


class GritsContent(Grits):
    """GriTS of the texts of cells."""

    name = "grits_con"
    results = ("grits_con",)

    def likeness(self, left: GridCell, right: GridCell) -> float:
        return _text_likeness(left.text, right.text)


@lru_cache(1 << 14)
def _span_likeness(left: tuple[int, ...], right: tuple[int, ...]) -> float:
    """Return the common area of two spans over that of the rectangle around both."""
    pairs = list(zip(left, right, strict=True))
    common = _area([*map(max, pairs[:2]), *map(min, pairs[2:])])
    return common / _area([*map(min, pairs[:2]), *map(max, pairs[2:])])


def _area(edges: list[int]) -> int:
    return max(edges[2] - edges[0], 0) * max(edges[3] - edges[1], 0)


@lru_cache(1 << 16)
def _text_likeness(left: str, right: str) -> float:
    if not left and not right:
        return 1.0
    blocks = SequenceMatcher(None, left, right).get_matching_blocks()
    return 2 * sum(block.size for block in blocks) / (len(left) + len(right))


def _aligned(number: int, other: int, reward: _Reward) -> _Alignment:
    """Return the greatest sum of rewards of an alignment, and its pairs; diagonal steps first."""
    sums = [[0.0] * (other + 1) for _ in range(number + 1)]
    steps = [[-1] * (other + 1) for _ in range(number + 1)]
    steps[0] = [1] * (other + 1)
    for i in range(1, number + 1):
        for j in range(1, other + 1):
            diagonal = sums[i - 1][j - 1] + reward(i - 1, j - 1)
            best = max(diagonal, sums[i - 1][j], sums[i][j - 1])
            sums[i][j] = best
            steps[i][j] = 0 if diagonal == best else -1 if sums[i - 1][j] == best else 1
    pairs: list[tuple[int, int]] = []
    i, j = number, other
    while i or j:
        step = steps[i][j]
        if step == 0:
            pairs.append((i - 1, j - 1))
        i, j = i - (step <= 0), j - (step >= 0)
    return sums[number][other], pairs[::-1]
