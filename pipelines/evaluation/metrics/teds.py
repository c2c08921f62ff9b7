"""TEDS and S-TEDS: the likeness of two tables as trees."""

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import cast

from pipelines.evaluation.metrics.edit_distance import edit_distance
from pipelines.evaluation.metrics.metric import MeanMetric
from pipelines.evaluation.metrics.table_html import TableNode, read_table


class Teds(MeanMetric):
    """1 - tree edit distance / elements of the larger table (Zhong et al., 2020, arXiv 1911.10683).

    Inserting, removing or renaming an element costs 1; a `td` with the same spans and another
    content costs the normalized edit distance of its characters and tags. As in the authors' code,
    a table's elements are those below `<table>`, also the tags in cells. What is no table, or has
    more than 2000 elements, scores 0. Trees of different shapes may score below 0.
    """

    name = "teds"
    results = ("teds",)
    lowest = -1.0
    structure_only = False

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        given = read_table(cast(str, prediction))
        tables = (read_table(cast(str, text)) for text in references)
        scores = (self._likeness(given, wanted) for wanted in tables if given and wanted)
        return max(scores, default=0.0)

    def _likeness(self, given: TableNode, wanted: TableNode) -> float:
        left, right = _Tree(given), _Tree(wanted)
        cost = _tree_distance(left, right, self.structure_only)
        elements = max(_elements_below(given), _elements_below(wanted))
        return 1 - cost / elements if elements else 1.0


class StructureTeds(Teds):
    """TEDS without regard to the contents of cells."""

    name = "s_teds"
    results = ("s_teds",)
    structure_only = True


def _elements_below(table: TableNode) -> int:
    """Return the number of elements below a table, also of those in its cells."""
    inside = sum(
        len(token) > 2 and token[1] != "/" for each in table.walk() for token in each.tokens
    )
    return inside + sum(1 for _ in table.walk()) - 1


class _Tree:
    """The nodes of a tree in postorder, and what Zhang and Shasha's algorithm needs of it."""

    def __init__(self, root: TableNode) -> None:
        self.nodes: list[TableNode] = []
        self.leftmost: list[int] = []  # the first leaf below each node
        self._number(root)
        last = {first: place for place, first in enumerate(self.leftmost)}
        self.key_roots = sorted(last.values())

    def _number(self, root: TableNode) -> None:
        waiting: list[tuple[TableNode, int | None]] = [(root, None)]
        while waiting:
            node, first = waiting.pop()
            if first is not None:
                self.leftmost.append(first if node.children else len(self.nodes))
                self.nodes.append(node)
                continue
            # The subtree's nodes are numbered from here on, and its first one is its first leaf.
            waiting.append((node, len(self.nodes)))
            waiting += [(child, None) for child in reversed(node.children)]


def _tree_distance(left: _Tree, right: _Tree, structure_only: bool) -> float:
    """Return the edit distance of two ordered trees (Zhang and Shasha, 1989)."""

    @cache
    def renaming(x: int, y: int) -> float:
        return _renaming(left.nodes[x], right.nodes[y], structure_only)

    trees = [[0.0] * len(right.nodes) for _ in left.nodes]
    for roots in product(left.key_roots, right.key_roots):
        _fill(left, right, roots, trees, renaming)
    return trees[-1][-1]


def _fill(
    left: _Tree,
    right: _Tree,
    roots: tuple[int, int],
    trees: list[list[float]],
    renaming: Callable[[int, int], float],
) -> None:
    """Write the distances of the subtrees that share their first leaves with those of the roots."""
    i, j = roots
    first, second = left.leftmost[i], right.leftmost[j]
    above = [float(n) for n in range(j - second + 2)]
    forests = [above]
    for x in range(first, i + 1):
        row = [above[0] + 1]
        alone = left.leftmost[x] == first
        for y in range(second, j + 1):
            place = y - second
            best = min(above[place + 1], row[place]) + 1
            if alone and right.leftmost[y] == second:
                best = min(best, above[place] + renaming(x, y))
                trees[x][y] = best
            else:
                before = forests[left.leftmost[x] - first][right.leftmost[y] - second]
                best = min(best, before + trees[x][y])
            row.append(best)
        forests.append(row)
        above = row


def _renaming(left: TableNode, right: TableNode, structure_only: bool) -> float:
    if left.tag != right.tag:
        return 1.0
    if left.tag != "td":
        return 0.0
    if (left.colspan, left.rowspan) != (right.colspan, right.rowspan):
        return 1.0
    longest = max(len(left.tokens), len(right.tokens))
    if structure_only or not longest:
        return 0.0
    return edit_distance(left.tokens, right.tokens) / longest
