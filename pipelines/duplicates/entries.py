"""Compares the hashes of each entry of a table with those before them in it.

In an entry of usual size, all pairs are compared: each row of the table with the one that is 1, 2,
3 … before it, so that numpy reads two ranges of memory instead of single hashes. In a larger entry,
each hash is compared with the first ones alone, and only until it has its pairs. So a family of f
near hashes costs a few comparisons of each of its hashes, not f^2 / 2, and an entry of f hashes
that are far from each other costs f times the bound. Equal hashes never get here: they are one.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.comparison import (
    Halves,
    Rows,
    distances,
    halved,
    near_at_shift,
    near_halves,
    near_in_block,
)
from pipelines.duplicates.pairs import Pairs, Positions
from pipelines.duplicates.tables import Hashes

_CHUNK = 1 << 15  # rows of a table that are compared at a time, unless an entry has more
_BLOCK = 8  # first hashes of a large entry with which the others are compared at a time
_SPARSE = 12  # rows of which one has a partner: then single rows are compared, at 12 times the cost
_LOWER = np.uint64(0xFFFF_FFFF)

Keys = npt.NDArray[np.uint64]  # sorted: of the entry in the upper half, of the member in the lower


def in_chunks(keys: Keys) -> Iterator[Keys]:
    """Divide sorted keys into whole entries of about `_CHUNK` rows; a larger entry is alone."""
    start = 0
    while start < len(keys):
        end = start + _CHUNK
        if end < len(keys):
            end = int(np.searchsorted(keys, keys[end] & ~_LOWER))
            if end == start:
                end = int(np.searchsorted(keys, keys[start] | _LOWER, "right"))
        yield keys[start:end]
        start = min(end, len(keys))


class EntrySearch:
    """Finds up to `most` pairs of each hash in a table, and notes where more were not compared."""

    def __init__(self, hashes: Hashes, distance: int, most: int, most_compared: int) -> None:
        self._hashes = hashes
        self._distance = distance
        self._most = most
        self._most_compared = most_compared  # hashes of an entry with which a later one is compared

    def search(
        self, keys: Keys, members: Positions, is_full: npt.NDArray[np.bool_]
    ) -> Iterator[tuple[Pairs, Positions]]:
        """Yield pairs, and hashes that were not compared with all before them, chunk by chunk.

        `members` has the position of each key's lower half. Of hashes that are full, pairs may be
        left out.
        """
        for chunk in in_chunks(keys):
            yield self._search(chunk, np.take(members, (chunk & _LOWER).astype(np.int64)), is_full)

    def _search(
        self, keys: Keys, members: Positions, is_full: npt.NDArray[np.bool_]
    ) -> tuple[Pairs, Positions]:
        entries = (keys >> np.uint64(32)).astype(np.uint32)
        begins = np.flatnonzero(np.concatenate([[True], entries[1:] != entries[:-1]]))
        sizes = np.diff(begins, append=len(keys))
        ranks = np.arange(len(keys)) - np.repeat(begins, sizes)
        is_small = np.repeat(sizes <= self._most_compared, sizes)
        halves = halved(np.take(self._hashes, members, axis=0))
        found = _Found(halves, members, ~is_full[members], self._distance, self._most)
        small = sizes <= self._most_compared
        self._compare_by_shift(found, np.where(is_small, ranks, 0), sizes[small])
        for begin, size in zip(begins[~small].tolist(), sizes[~small].tolist(), strict=True):
            self._compare_with_first(found, begin, begin + size)
        return found.pairs(), members[(ranks > self._most_compared) & ~is_small & found.wants]

    def _compare_by_shift(self, found: "_Found", ranks: Rows, sizes: Rows) -> None:
        """Compare all pairs of entries of these sizes; rows of larger entries have rank 0."""
        with_rank = len(ranks) - np.cumsum(np.bincount(ranks))  # rows with a rank above each
        for shift in range(1, int(sizes.max(initial=1))):
            if with_rank[shift - 1] * _SPARSE > len(ranks):
                rows = near_at_shift(found.halves, shift, self._distance)
                rows = rows[ranks[rows] >= shift]
            else:
                rows = np.flatnonzero(ranks >= shift)
                break
            found.add(rows, rows - shift)
        else:
            return
        for later in range(shift, int(sizes.max())):
            rows = rows[ranks[rows] >= later]
            near = near_halves(found.halves, rows, found.halves, rows - later, self._distance)
            found.add(rows[near], rows[near] - later)

    def _compare_with_first(self, found: "_Found", begin: int, end: int) -> None:
        """Compare the rows of an entry with its first ones, as long as they want more pairs."""
        for first in range(begin, begin + self._most_compared, _BLOCK):
            block = slice(first, min(first + _BLOCK, begin + self._most_compared))
            rows = first + 1 + np.flatnonzero(found.wants[first + 1 : end])
            for start in range(0, len(rows), _CHUNK):
                some = rows[start : start + _CHUNK]
                hashes = found.halves.hashes
                columns, places = near_in_block(hashes[block], hashes[some], self._distance)
                for column in np.unique(columns).tolist():
                    hits = some[places[columns == column]]
                    hits = hits[hits > first + column]
                    found.add(hits, np.full(len(hits), first + column))


class _Found:
    """The pairs of a chunk, up to `most` of each row."""

    def __init__(
        self,
        halves: Halves,
        members: Positions,
        wants: npt.NDArray[np.bool_],
        distance: int,
        most: int,
    ) -> None:
        self.halves = halves
        self.wants = wants  # the rows that want more pairs
        self._members = members
        self._distance = distance
        self._most = most
        self._counts = np.zeros(len(members), np.uint8)
        self._pairs: list[Pairs] = []

    def add(self, rows: Rows, columns: Rows) -> None:
        """Add the pairs that are near as a whole; a row is at most once among `rows`."""
        if not len(rows):
            return
        wanted = self.wants[rows]
        rows, columns = rows[wanted], columns[wanted]
        bits = distances(self.halves.hashes[rows], self.halves.hashes[columns])
        near = bits <= self._distance
        rows, columns = rows[near], columns[near]
        self._counts[rows] += 1
        self.wants[rows] = self._counts[rows] < self._most
        own, before = self._members[rows], self._members[columns]
        self._pairs.append(Pairs(own, before, bits[near].astype(np.uint8)))

    def pairs(self) -> Pairs:
        if not self._pairs:
            return NO_PAIRS
        return Pairs(*(np.concatenate(part) for part in zip(*self._pairs, strict=True)))


NO_PAIRS = Pairs(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint8))
