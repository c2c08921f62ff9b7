"""Groups near hashes around the best one of each group.

Hashes are numbered from the best one on. In this order, each hash joins the nearest of the heads
within the distance that stand before it, and becomes a head itself if there is none. So no two
heads are near each other, and each member is near its head: groups do not grow along chains, as
connected components do. The result depends on the hashes and their order alone: it is what a
comparison of all pairs gives.

A family of a million near hashes has 5 * 10^11 pairs. So a round looks for a few near ones of each
hash, which decide nearly all hashes: a hash with no near one before it is a head. The hashes that
they do not decide are compared with the heads found so far, and the rest is grouped in another
round, which compares more.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.pairs import Pairs, Positions
from pipelines.duplicates.search import ALL_COMPARED, LARGE_ENTRY, NearSearch, OnProgress
from pipelines.duplicates.tables import Hashes

_HEAD, _MEMBER, _OPEN = 0, 1, 2
_FEWEST, _MOST = 4, 16  # pairs that are kept of a hash in a round
_ALL_PAIRS = 1 << 25  # pairs that are kept of all hashes, if each may have more than `_FEWEST`
_OF_REST = 0.9  # share of the work left that a round is taken for
_CHUNK = 1 << 20  # pairs that become Python's own numbers at a time
_NONE = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


class Groups(NamedTuple):
    """The head of each hash, by position, and the distance from it; a head's head is itself."""

    heads: Positions
    distances: npt.NDArray[np.uint8]


def group_hashes(
    hashes: Hashes,
    distance: int,
    on_progress: OnProgress = lambda _: None,
    *,
    pairs_per_hash: int | None = None,
    all_compared: int = ALL_COMPARED,
    large_entry: int = LARGE_ENTRY,
) -> Groups:
    """Group distinct hashes [n, 4], the best one first; `distance` is inclusive, in bits.

    The other arguments change the cost alone: how many pairs of a hash a round looks for, up to how
    many comparisons of a hash need no tables, and from which size on an entry is a large one.
    """
    search = NearSearch(hashes, distance, all_compared, large_entry)
    grouping = _Grouping(hashes, search, pairs_per_hash)
    remaining = np.arange(len(hashes), dtype=np.int32)
    rest = 1.0  # share of the work that is left before the round, as the user is told
    while len(remaining):
        on_round = partial(_tell_share, on_progress, rest)
        remaining = grouping.round(remaining, on_round)
        rest *= 1 - _OF_REST
        search.compare_more()
    return grouping.finish()


def _tell_share(on_progress: OnProgress, rest: float, share: float) -> None:
    on_progress(1 - rest * (1 - _OF_REST * share))


class _Grouping:
    """Groups in the making: what is known of each hash, and the pairs from which it follows."""

    def __init__(self, hashes: Hashes, search: NearSearch, pairs_per_hash: int | None) -> None:
        self._hashes = hashes
        self._search = search
        self._pairs_per_hash = pairs_per_hash
        self._states = np.full(len(hashes), _OPEN, np.uint8)
        # Per hash: the nearest head of those looked at, as distance << 32 | position.
        self._nearest = np.full(len(hashes), _NONE, np.uint64)
        self._pairs: list[npt.NDArray[np.uint64]] = []  # as position << 32 | position before
        self._is_cut = np.zeros(len(hashes), np.bool_)  # not all pairs of the hash are kept
        self._heads: list[Positions] = []  # of each round

    def round(self, remaining: Positions, on_progress: OnProgress) -> Positions:
        """Decide which of these hashes are heads or members; return those that stay open."""
        found: list[npt.NDArray[np.uint64]] = []
        most = self._pairs_per_hash or min(max(_ALL_PAIRS // len(remaining), _FEWEST), _MOST)
        is_cut = self._search.within(
            remaining,
            lambda pairs: found.append(_packed(pairs.positions, pairs.before)),
            most=most,
            on_progress=lambda share: on_progress(share / 2),
        )
        pairs = np.concatenate(found) if found else np.empty(0, np.uint64)
        found.clear()
        pairs.sort()
        self._states = _decide(self._states, remaining, is_cut, pairs)
        self._pairs.append(pairs)
        self._is_cut |= is_cut
        states = self._states[remaining]
        self._heads.append(remaining[states == _HEAD])
        searched = remaining[(states == _OPEN) | ((states == _MEMBER) & is_cut[remaining])]
        self._find_nearest(searched, self._heads[-1], lambda share: on_progress((1 + share) / 2))
        self._states[searched[self._nearest[searched] != _NONE]] = _MEMBER
        still_open: Positions = remaining[self._states[remaining] == _OPEN]
        return still_open

    def finish(self) -> Groups:
        """Return the groups, once no hash is open."""
        members = self._states == _MEMBER
        if len(self._heads) > 1:  # the first rounds did not know the heads of later ones
            later = np.sort(np.concatenate(self._heads[1:]))
            self._find_nearest(np.flatnonzero(members & self._is_cut).astype(np.int32), later)
        for packed in self._pairs:
            for start in range(0, len(packed), _CHUNK):
                positions, before = _unpacked(packed[start : start + _CHUNK])
                counts = members[positions] & (self._states[before] == _HEAD)
                positions, before = positions[counts], before[counts]
                differ = np.bitwise_count(self._hashes[positions] ^ self._hashes[before])
                distances = differ.sum(axis=1, dtype=np.uint8)
                np.minimum.at(self._nearest, positions, _packed(distances, before))
        heads = np.arange(len(members), dtype=np.int32)
        distances, nearest = _unpacked(self._nearest[members])
        heads[members] = nearest
        result = np.zeros(len(members), np.uint8)
        result[members] = distances
        return Groups(heads, result)

    def _find_nearest(
        self, positions: Positions, heads: Positions, on_progress: OnProgress = lambda _: None
    ) -> None:
        def keep(pairs: Pairs) -> None:
            np.minimum.at(self._nearest, pairs.positions, _packed(pairs.distances, pairs.before))

        self._search.near_before(positions, heads, keep, on_progress=on_progress)


def _decide(
    states: npt.NDArray[np.uint8],
    remaining: Positions,
    is_cut: npt.NDArray[np.bool_],
    pairs: npt.NDArray[np.uint64],
) -> npt.NDArray[np.uint8]:
    """Return the states that follow from the sorted pairs of the remaining hashes.

    A hash with all its pairs is a head if none of the hashes before it is one. A hash stays open if
    that depends on pairs that were cut.
    """
    states = states.copy()
    states[remaining] = np.where(is_cut[remaining], _OPEN, _HEAD)
    known = bytearray(states)
    for start in range(0, len(pairs), _CHUNK):
        positions, before = _unpacked(pairs[start : start + _CHUNK])
        for position, other in zip(positions.tolist(), before.tolist(), strict=True):
            if known[other] == _HEAD:
                known[position] = _MEMBER
            elif known[other] == _OPEN and known[position] == _HEAD:
                known[position] = _OPEN
    return np.frombuffer(known, np.uint8)


def _packed(high: npt.NDArray[Any], low: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    return (high.astype(np.uint64) << np.uint64(32)) | low.astype(np.uint64)


def _unpacked(packed: npt.NDArray[np.uint64]) -> tuple[Positions, Positions]:
    return (packed >> np.uint64(32)).astype(np.int32), packed.astype(np.uint32).astype(np.int32)
