"""Finds, for each of many hashes, the near hashes that stand before it in an order.

A hash is named by its position in the order. A few hashes are all compared with each other. Many
hashes are compared with those in the same entry of a table, with the first ones of the entry alone
if there are more than `_MOST_COMPARED`: so a million near hashes do not give all their pairs.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.tables import Hashes, Tables, plan_tables

Positions = npt.NDArray[np.int32]
OnProgress = Callable[[float], None]  # gets the share of the work that is done, from 0 to 1

ALL_COMPARED = 1 << 12  # hashes, inclusive: all pairs are compared
UNLIMITED = 0
_MOST_COMPARED = 64
_AT_ONCE = 4  # tables that are searched before their pairs are counted
_CHUNK = 1 << 17  # pairs that are compared at a time
_ROWS = 256  # hashes that are compared with all others at a time


class Pairs(NamedTuple):
    """Pairs of near hashes; the second one of a pair stands before the first one."""

    positions: Positions
    before: Positions
    distances: npt.NDArray[np.uint8]

    def where(self, mask: npt.NDArray[np.bool_]) -> "Pairs":
        return Pairs(self.positions[mask], self.before[mask], self.distances[mask])


class NearSearch:
    """Searches among hashes [n, 4] for those within `distance` bits."""

    def __init__(self, hashes: Hashes, distance: int, all_compared: int = ALL_COMPARED) -> None:
        self._hashes = hashes
        self._distance = distance
        self._all_compared = all_compared
        self._threads = min(len(os.sched_getaffinity(0)), _AT_ONCE)

    def near_before(
        self,
        queries: Positions,
        among: Positions,
        on_pairs: Callable[[Pairs], None],
        *,
        most: int = UNLIMITED,
        on_progress: OnProgress = lambda _: None,
    ) -> npt.NDArray[np.bool_]:
        """Pass pairs of the queries with near hashes of `among` before them to `on_pairs`.

        Queries and `among` are sorted. With `most`, the search for a query ends once it has so many
        pairs, and no pair is passed twice. Returns, by position, the queries whose search ended so.
        """
        counter = PairCounter(len(self._hashes), most) if most else None
        for share, pairs in self._search(queries, among, counter):
            on_pairs(counter.add(pairs) if counter else pairs)
            on_progress(share)
        return counter.is_full if counter else np.zeros(len(self._hashes), np.bool_)

    def _search(
        self, queries: Positions, among: Positions, counter: "PairCounter | None"
    ) -> Iterator[tuple[float, Pairs]]:
        if len(queries) == 0 or len(among) == 0:
            return
        if len(queries) * len(among) <= self._all_compared**2:
            for start in range(0, len(queries), _ROWS):
                own = queries[start : start + _ROWS]
                differ = self._hashes[own][:, None] ^ self._hashes[among]
                distances = np.bitwise_count(differ).sum(axis=2, dtype=np.uint16)
                near = (distances <= self._distance) & (among < own[:, None])
                rows, columns = np.nonzero(near)
                found = Pairs(own[rows], among[columns], distances[near].astype(np.uint8))
                yield (start + len(own)) / len(queries), found
            return
        tables = plan_tables(len(among), self._distance)
        numbers = range(len(tables.masks))
        pool = ThreadPoolExecutor(self._threads)
        try:
            for first in numbers[::_AT_ONCE]:
                some = numbers[first : first + _AT_ONCE]
                if counter:
                    queries = queries[~counter.is_full[queries]]
                most = counter.most if counter else UNLIMITED
                search = partial(self._search_table, queries, among, tables, most)
                for table, all_found in zip(some, list(pool.map(search, some)), strict=True):
                    for found in all_found:
                        yield (table + 1) / len(numbers), found
                yield (some[-1] + 1) / len(numbers), _NO_PAIRS
        finally:
            pool.shutdown(cancel_futures=True)

    def _search_table(
        self, queries: Positions, among: Positions, tables: Tables, most: int, table: int
    ) -> list[Pairs]:
        """Return the pairs of an entry each; the same pair may be found by other tables too."""
        is_query = np.zeros(len(self._hashes), np.bool_)
        is_among = np.zeros(len(self._hashes), np.bool_)
        is_query[queries] = is_among[among] = True
        members = np.flatnonzero(is_query | is_among).astype(np.int32)
        is_all = len(members) == len(self._hashes)
        keys = tables.keys(self._hashes if is_all else self._hashes[members], table)
        keys |= np.arange(len(members), dtype=np.uint64)
        keys.sort()
        members = members[keys.astype(np.uint32)]  # in the order of the table
        keys >>= np.uint64(32)
        begins = np.ones(len(keys), np.bool_)  # where an entry begins
        np.not_equal(keys[1:], keys[:-1], out=begins[1:])
        del keys
        rows = np.flatnonzero(~begins & is_query[members])  # with hashes before them in the entry
        entries = np.flatnonzero(begins)
        starts = entries[np.searchsorted(entries, rows, "right") - 1]
        counted = is_among[members]
        candidates = members[counted]
        before = np.concatenate([[0], np.cumsum(counted)])  # candidates before each member
        at, ends = before[starts], before[rows]
        del before, begins, entries
        found: list[Pairs] = []
        counts = np.zeros(len(rows), np.uint8)
        for _ in range(_MOST_COMPARED):
            remains = (at < ends) & (counts < (most or _MOST_COMPARED))
            rows, at, ends, counts = rows[remains], at[remains], ends[remains], counts[remains]
            for start in range(0, len(rows), _CHUNK):
                part = slice(start, start + _CHUNK)
                own, others = members[rows[part]], candidates[at[part]]
                distances = self._distances(own, others)
                near = distances <= self._distance
                counts[part] += near
                found.append(Pairs(own[near], others[near], distances[near].astype(np.uint8)))
            at = at + 1
        return [pairs for pairs in found if len(pairs.positions)]

    def _distances(self, positions: Positions, before: Positions) -> Any:
        differ = self._hashes[positions] ^ self._hashes[before]
        return np.bitwise_count(differ).sum(axis=1, dtype=np.uint16)


_NO_PAIRS = Pairs(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.uint8))


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
