"""Finds, for each of many hashes, the near hashes that stand before it in an order.

A hash is named by its position in the order. Few hashes are all compared with each other, many are
compared in tables that miss no near pair.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.comparison import Rows, distances, halved, near_halves, near_in_block
from pipelines.duplicates.entries import EntrySearch
from pipelines.duplicates.pairs import PairCounter, Pairs, Positions
from pipelines.duplicates.tables import Hashes, Tables, plan_tables

_Found = TypeVar("_Found")
OnPairs = Callable[[Pairs], None]
OnProgress = Callable[[float], None]  # gets the share of the work that is done, from 0 to 1

ALL_COMPARED = 1 << 12  # comparisons of a hash, inclusive, that cost no more than tables
LARGE_ENTRY = 256  # hashes
_USUAL = 4  # an entry of so many times the expected size is no large one
_MORE = 8  # times
_AT_ONCE = 4  # tables that are searched before their pairs are counted
_CHUNK = 1 << 15  # hashes that are compared at a time
_BLOCK = 8  # candidates of an entry with which its queries are compared at a time
_LARGE_BLOCK = 1 << 12  # pairs of an entry that are compared so
_LOWER = np.uint64(0xFFFF_FFFF)
_PRESENT_BITS = 24  # of a key, that say whether a table may have an entry for it


class NearSearch:
    """Searches among hashes [n, 4] for those within `distance` bits."""

    def __init__(
        self,
        hashes: Hashes,
        distance: int,
        all_compared: int = ALL_COMPARED,
        large_entry: int = LARGE_ENTRY,
    ) -> None:
        self._hashes = hashes
        self._distance = distance
        self._all_compared = all_compared
        self._large_entry = large_entry
        self._threads = min(len(os.sched_getaffinity(0)), _AT_ONCE)

    def compare_more(self) -> None:
        """Compare more hashes without tables, and more of a large entry, from now on."""
        self._all_compared *= _MORE
        self._large_entry *= _MORE

    def within(
        self,
        members: Positions,
        on_pairs: OnPairs,
        *,
        most: int,
        on_progress: OnProgress = lambda _: None,
    ) -> npt.NDArray[np.bool_]:
        """Pass near pairs of the sorted members, each once, at most `most` of a later hash.

        Returns, by position, the hashes that may have more pairs: those with `most` pairs, and
        those with too many hashes before them in a large entry of a table.
        """
        counter = PairCounter(len(self._hashes), most)
        is_cut = np.zeros(len(self._hashes), np.bool_)
        if self._are_few(members, members):
            for share, pairs in self._compare_all(members, members):
                on_pairs(counter.add(pairs))
                on_progress(share)
            return counter.is_full
        tables = plan_tables(len(members), self._distance)
        search = partial(self._within_table, tables, members, counter)
        for share, found in self._in_threads(len(tables.masks), search):
            for pairs, beyond in found:
                on_pairs(counter.add(pairs))
                is_cut[beyond] = True
            on_progress(share)
        return is_cut | counter.is_full

    def near_before(
        self,
        queries: Positions,
        among: Positions,
        on_pairs: OnPairs,
        *,
        on_progress: OnProgress = lambda _: None,
    ) -> None:
        """Pass all pairs of a query with a near hash of `among` before it; some more than once.

        Queries and `among` are sorted.
        """
        if not len(queries) or not len(among):
            return
        if self._are_few(queries, among):
            for share, pairs in self._compare_all(queries, among):
                on_pairs(pairs)
                on_progress(share)
            return
        tables = plan_tables(max(len(queries), len(among)), self._distance)
        search = partial(self._join_table, tables, queries, among)
        for share, found in self._in_threads(len(tables.masks), search):
            for pairs in found:
                on_pairs(pairs)
            on_progress(share)

    def _are_few(self, queries: Positions, among: Positions) -> bool:
        return len(queries) * len(among) <= self._all_compared * (len(queries) + len(among))

    def _compare_all(self, queries: Positions, among: Positions) -> Iterator[tuple[float, Pairs]]:
        per_block = max(1, _CHUNK // max(1, len(among)))
        for start in range(0, len(queries), per_block):
            own = queries[start : start + per_block]
            for first in range(0, len(among), _CHUNK):
                others = among[first : first + _CHUNK]
                if others[0] >= own[-1]:
                    break
                yield start / len(queries), self._compare_block(own, others)

    def _compare_block(self, queries: Positions, among: Positions) -> Pairs:
        own, others = (np.take(self._hashes, some, axis=0) for some in (queries, among))
        rows, columns = near_in_block(own, others, self._distance)
        return self._as_pairs(queries[rows], among[columns])

    def _in_threads(
        self, number: int, search: Callable[[int], _Found]
    ) -> Iterator[tuple[float, _Found]]:
        """Yield what is found in each table, by their order; a few are searched at a time."""
        with ThreadPoolExecutor(self._threads) as pool:
            for first in range(0, number, _AT_ONCE):
                some = range(first, min(first + _AT_ONCE, number))
                for table, found in zip(some, list(pool.map(search, some)), strict=True):
                    yield (table + 1) / number, found

    def _within_table(
        self, tables: Tables, members: Positions, counter: PairCounter, table: int
    ) -> list[tuple[Pairs, Positions]]:
        keys = self._keys(tables, members, table)
        keys.sort()
        expected = len(members) >> tables.bits(table)
        entries = EntrySearch(
            self._hashes, self._distance, counter.most, max(self._large_entry, _USUAL * expected)
        )
        return list(entries.search(keys, members, counter.is_full))

    def _join_table(
        self, tables: Tables, queries: Positions, among: Positions, table: int
    ) -> list[Pairs]:
        query_keys = self._keys(tables, queries, table)
        query_keys.sort()
        keys = self._keys(tables, among, table)
        present = np.zeros(1 << _PRESENT_BITS, np.bool_)
        present[query_keys >> np.uint64(64 - _PRESENT_BITS)] = True
        keys = keys[present[keys >> np.uint64(64 - _PRESENT_BITS)]]
        keys.sort()
        candidates = among[(keys & _LOWER).astype(np.int64)]
        found = []
        for start in range(0, len(query_keys), _CHUNK):
            some = query_keys[start : start + _CHUNK]
            own = queries[(some & _LOWER).astype(np.int64)]
            first = np.searchsorted(keys, some & ~_LOWER)
            end = np.searchsorted(keys, some | _LOWER, "right")
            if len(keys):
                found.append(self._join_chunk(own, candidates, first, end))
        return found

    def _join_chunk(self, own: Positions, candidates: Positions, first: Rows, end: Rows) -> Pairs:
        """Return the near pairs of each hash with the candidates from `first` to `end`."""
        found = [np.empty((2, 0), np.int32)]
        rows = np.flatnonzero(first < end)
        if not len(rows):
            return self._as_pairs(*found[0])
        lowest = int(first[rows].min())
        halves = halved(np.take(self._hashes, own, axis=0))
        others = halved(np.take(self._hashes, candidates[lowest : end.max()], axis=0))
        at = first - lowest
        changes = np.flatnonzero(np.diff(first[rows], prepend=-1))
        begins, sizes = rows[changes], np.diff(changes, append=len(rows))  # of each entry
        is_large = sizes * (end[begins] - first[begins]) >= _LARGE_BLOCK
        for row, size in zip(begins[is_large].tolist(), sizes[is_large].tolist(), strict=True):
            for begin in range(int(first[row]) - lowest, int(end[row]) - lowest, _BLOCK):
                block = slice(begin, min(begin + _BLOCK, int(end[row]) - lowest))
                entry = slice(row, row + size)
                columns, places = near_in_block(
                    others.hashes[block], halves.hashes[entry], self._distance
                )
                found.append(np.stack([own[entry][places], candidates[columns + begin + lowest]]))
            at[row : row + size] = end[row] - lowest
        rows = rows[at[rows] + lowest < end[rows]]
        while len(rows):
            near = near_halves(halves, rows, others, at[rows], self._distance)
            hits = rows[near]
            found.append(np.stack([own[hits], candidates[at[hits] + lowest]]))
            at[rows] += 1
            rows = rows[at[rows] + lowest < end[rows]]
        return self._as_pairs(*np.concatenate(found, axis=1))

    def _as_pairs(self, positions: Positions, before: Positions) -> Pairs:
        """Return the pairs that are in order, and near as a whole."""
        ordered = before < positions
        positions, before = positions[ordered], before[ordered]
        bits = distances(
            np.take(self._hashes, positions, axis=0), np.take(self._hashes, before, axis=0)
        )
        near = bits <= self._distance
        return Pairs(positions[near], before[near], bits[near].astype(np.uint8))

    def _keys(self, tables: Tables, members: Positions, table: int) -> npt.NDArray[np.uint64]:
        is_all = len(members) == len(self._hashes)
        return tables.keys(
            self._hashes if is_all else np.take(self._hashes, members, axis=0), table
        )
