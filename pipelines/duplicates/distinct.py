"""Finds equal hashes, so that each distinct hash is compared once."""

from typing import NamedTuple

import numpy as np

from pipelines.duplicates.pairs import Positions
from pipelines.duplicates.tables import Hashes

_CHUNK = 1 << 20  # hashes that are compared at a time


class Distinct(NamedTuple):
    """The distinct hashes among many, by their first positions."""

    firsts: Positions  # per distinct hash: its first position, ascending
    places: Positions  # per hash: the place of its distinct hash in `firsts`


def find_distinct(hashes: Hashes) -> Distinct:
    """Return the first position of each distinct hash [n, 4]."""
    by_hash = np.lexsort(hashes.T)  # stable: of equal hashes, the first one stands first
    is_first = np.ones(len(by_hash), np.bool_)
    for start in range(0, len(by_hash) - 1, _CHUNK):
        some = hashes[by_hash[start : start + _CHUNK + 1]]
        is_first[start + 1 : start + len(some)] = (some[1:] != some[:-1]).any(axis=1)
    firsts = by_hash[is_first].astype(np.int32)
    by_position = np.argsort(firsts)
    ranks = np.empty(len(firsts), np.int32)
    ranks[by_position] = np.arange(len(firsts), dtype=np.int32)
    places = np.empty(len(hashes), np.int32)
    places[by_hash] = ranks[np.cumsum(is_first) - 1]
    return Distinct(firsts[by_position], places)
