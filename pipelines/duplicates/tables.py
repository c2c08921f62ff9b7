"""Chooses bits of hashes so that near hashes agree in one of the choices with a known probability.

A table has the hashes that agree in some of the 256 bits (bit sampling: Indyk and Motwani, 1998).
The tables of a round share no bit. So a pair that differs in fewer bits than a round has tables is
in one of them surely; for a pair at a greater distance, several rounds are made, each with the bits
in another random order.
"""

import hashlib
from math import ceil, comb, log, log2
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]  # [hashes, 4]

BITS = 256
MISSED = 1e-3  # the largest share of the pairs at the largest distance that no table has
_MOST_BITS = 32  # of a table
# Odd numbers, by which chosen bits become the upper half of a key.
_FACTORS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB], np.uint64
)


class Tables(NamedTuple):
    """The bits of each table as a mask for hashes, [tables, 4]."""

    masks: Hashes

    def keys(self, hashes: Hashes, table: int) -> npt.NDArray[np.uint64]:
        """Return keys whose upper halves are equal if the hashes agree in the table's bits.

        The lower halves are 0. Other hashes rarely have the same key.
        """
        keys = np.zeros(len(hashes), np.uint64)
        for word, mask in enumerate(self.masks[table]):
            if mask:
                keys += (hashes[:, word] & mask) * _FACTORS[word]
        keys &= np.uint64(0xFFFF_FFFF_0000_0000)
        return keys


def plan_tables(number: int, distance: int) -> Tables:
    """Return the tables for `number` hashes, of which pairs within `distance` are looked for."""
    bits = min(max(4, ceil(log2(max(2, number))) + 1), _MOST_BITS)  # few hashes agree by chance
    per_round = BITS // bits
    missed = missed_by_round(bits, distance)
    rounds = 1 if missed == 0 else ceil(log(MISSED) / log(missed))
    masks = np.zeros((rounds * per_round, 4), np.uint64)
    for table in range(len(masks)):
        round, place = divmod(table, per_round)
        for bit in _order_of_bits(round)[place * bits : (place + 1) * bits]:
            masks[table, bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
    return Tables(masks)


def missed_by_round(bits: int, distance: int) -> float:
    """Return the probability that two hashes at the distance agree in no table of a round."""
    tables = BITS // bits
    hit = sum(
        (-1) ** (some + 1) * comb(tables, some) * comb(BITS - some * bits, distance)
        for some in range(1, tables + 1)
    )
    return float(1 - hit / comb(BITS, distance))


def _order_of_bits(round: int) -> list[int]:
    """Return the numbers of all bits, in an order that is the same on every machine."""
    return sorted(range(BITS), key=lambda bit: hashlib.sha256(f"{round} {bit}".encode()).digest())
