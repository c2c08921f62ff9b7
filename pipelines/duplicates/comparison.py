"""Compares many pairs of hashes: at first their first halves, which decide nearly all pairs."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.duplicates.tables import Hashes

Rows = npt.NDArray[np.int64]


class Halves(NamedTuple):
    """Hashes [n, 4] that are compared, with the two words of their first halves."""

    hashes: Hashes
    first: npt.NDArray[np.uint64]
    second: npt.NDArray[np.uint64]


def halved(hashes: Hashes) -> Halves:
    return Halves(hashes, hashes[:, 0].copy(), hashes[:, 1].copy())


def near_at_shift(halves: Halves, shift: int, distance: int) -> Rows:
    """Return the rows whose first halves are near those of the row that is `shift` before."""
    differ = np.bitwise_count(halves.first[shift:] ^ halves.first[:-shift])
    differ += np.bitwise_count(halves.second[shift:] ^ halves.second[:-shift])
    return np.flatnonzero(differ <= distance) + shift


def near_halves(own: Halves, rows: Rows, others: Halves, columns: Rows, distance: int) -> Rows:
    """Return the places of the pairs of a row and a column whose first halves are near."""
    differ = np.bitwise_count(own.first.take(rows) ^ others.first.take(columns))
    differ += np.bitwise_count(own.second.take(rows) ^ others.second.take(columns))
    return np.flatnonzero(differ <= distance)


def near_in_block(own: Hashes, others: Hashes, distance: int) -> tuple[Rows, Rows]:
    """Compare each hash [n, 4] with each other one [m, 4]; return the places of near pairs.

    Whole hashes are compared: among many similar ones, the halves decide too little.
    """
    differ = np.zeros((len(own), len(others)), np.uint16)
    for word in range(4):
        differ += np.bitwise_count(own[:, word, None] ^ others[:, word].copy())
    places, other_places = np.nonzero(differ <= distance)
    return places, other_places


def distances(one: Hashes, other: Hashes) -> npt.NDArray[np.uint16]:
    """Return the bits in which the hashes of two arrays [n, 4] differ, row by row."""
    differ: npt.NDArray[np.uint16] = np.bitwise_count(one ^ other).sum(axis=1, dtype=np.uint16)
    return differ
