"""Chooses bits of hashes so that near hashes agree in at least one of the choices.

A table has the hashes that agree in some of the 256 bits. The tables miss no pair within the
distance d (covering: Pagh, "CoveringLSH", 2016):

1. The bits are divided into parts, and part i gets a radius r_i, so that the sum of all r_i + 1 is
   d + 1. A pair within d is within the radius in one part at least, because it would otherwise
   differ in d + 1 bits (the pigeonhole principle).
2. In a part of radius r, each bit gets a vector m != 0 of r + 1 bits. There is a table for each
   vector v != 0 of r + 1 bits: 2^(r+1) - 1 tables, each with the bits whose scalar product m v is
   odd, about half of the part. At most r vectors m of differing bits do not span r + 1 dimensions,
   so that some v is orthogonal to all of them: its table has none of the bits that differ.

A few parts of large radius give many tables of many bits; many parts give few tables of few bits.
An entry is all hashes that agree in the bits of a table. Of n uniformly distributed hashes, a table
of w bits has n / 2^w in an entry, and a hash is compared with half of them. `plan_tables` takes the
number of parts with the least cost, which grows as about n^1.2 in all. For d = 31:

| n | tables | bits of a table | comparisons of a hash, in all tables |
|---|---|---|---|
| 10^5 | 63 | 11 to 13 | 671 |
| 10^6 | 103 | 14 to 16 | 999 |
| 10^7 | 169 | 17 to 23 | 1,771 |
| 10^8 | 250 | 20 to 32 | 4,223 |

Hashes that are not uniformly distributed have larger entries: `entries` says what these cost.
"""

import hashlib
from functools import lru_cache
from math import inf
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]  # [hashes, 4]

BITS = 256
_MOST_TABLES = 1024
_ROWS = 1 << 16  # hashes whose keys are computed at a time
# Measured, in nanoseconds: to sort a hash into a table, and to compare a pair of an entry.
_SORTED, _COMPARED = 110.0, 2.5
# Odd numbers, by which chosen bits become the upper half of a key.
_FACTORS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xA0761D6478BD642F, 0xE7037ED1A0B428DB], np.uint64
)
_UPPER = np.uint64(0xFFFF_FFFF_0000_0000)


class Tables(NamedTuple):
    """The bits of each table as a mask for hashes, [tables, 4]."""

    masks: Hashes

    def bits(self, table: int) -> int:
        return int(np.bitwise_count(self.masks[table]).sum())

    def keys(self, hashes: Hashes, table: int) -> npt.NDArray[np.uint64]:
        """Return keys whose upper halves are equal if the hashes agree in the table's bits.

        The lower half is the place among `hashes`. Other hashes rarely have the same upper half.
        """
        keys = np.empty(len(hashes), np.uint64)
        for start in range(0, len(hashes), _ROWS):
            some = hashes[start : start + _ROWS]
            own = np.zeros(len(some), np.uint64)
            for word, mask in enumerate(self.masks[table]):
                if mask:
                    own += (some[:, word] & mask) * _FACTORS[word]
            own &= _UPPER
            own |= np.arange(start, start + len(some), dtype=np.uint64)
            keys[start : start + len(some)] = own
        return keys


def plan_tables(number: int, distance: int) -> Tables:
    """Return the tables for `number` hashes, which miss no pair within `distance`."""
    best, least = None, inf
    for parts in range(distance + 1, 0, -1):
        sizes = _divide(distance, parts)
        tables = sum(2**size - 1 for size in sizes)  # the more, the fewer parts there are
        if tables > _MOST_TABLES or _SORTED * tables >= least:
            break
        plan = _tables(sizes)
        if (cost := _cost(plan, number)) < least:
            best, least = plan, cost
    assert best is not None
    return best


def comparisons(tables: Tables, number: int) -> float:
    """Return the expected comparisons of a hash among uniformly distributed ones."""
    return sum(number / 2.0 ** (tables.bits(table) + 1) for table in range(len(tables.masks)))


def _cost(tables: Tables, number: int) -> float:
    """Return the expected nanoseconds for each hash."""
    return _SORTED * len(tables.masks) + _COMPARED * comparisons(tables, number)


def _divide(distance: int, parts: int) -> tuple[int, ...]:
    """Return r + 1 for each part: as equal as possible, d + 1 in all."""
    least, larger = divmod(distance + 1, parts)
    return tuple(least + (part < larger) for part in range(parts))


@lru_cache(maxsize=64)
def _tables(sizes: tuple[int, ...]) -> Tables:
    """Return tables for parts of these r + 1, with expected entries as short as possible.

    Bit after bit goes to the part and gets the vector that shorten the entries most.
    """
    odd = {size: odd_products(size) for size in set(sizes)}
    shares = [np.ones(2**size - 1) for size in sizes]  # of all hashes in an entry of each table
    masks = [np.zeros((2**size - 1, 4), np.uint64) for size in sizes]
    gains = [odd[size] @ share for size, share in zip(sizes, shares, strict=True)]  # per vector m
    for bit in _ORDER:
        part = max(range(len(sizes)), key=lambda part: gains[part].max())
        chosen = odd[sizes[part]][int(gains[part].argmax())]
        shares[part][chosen] /= 2
        gains[part] = odd[sizes[part]] @ shares[part]
        masks[part][chosen, bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
    return Tables(np.concatenate(masks))


def odd_products(size: int) -> npt.NDArray[np.bool_]:
    """Return which pairs of vectors of `size` bits, without 0, have an odd scalar product."""
    vectors = np.arange(1, 2**size)
    return (np.bitwise_count(vectors[:, None] & vectors) & 1).astype(np.bool_)


# The bits in an order that is the same on every machine, so that each part has bits of all
# frequencies: the bits of a PDQ hash are those of a cosine transform, by frequency.
_ORDER = sorted(range(BITS), key=lambda bit: hashlib.sha256(f"0 {bit}".encode()).digest())
