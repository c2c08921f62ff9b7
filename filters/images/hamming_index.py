"""Which of many hashes of 256 bits lie near a given one, without a look at all of them.

Multi-index hashing (Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index
Hashing", 2012): of two hashes that differ in at most d bits, one of the 16 words of 16 bits differs
in at most d // 16. So only entries that share a word up to so many bits are compared.
"""

import itertools

import numpy as np
import numpy.typing as npt

_BYTES = 32  # of a hash
_WORDS, _BITS = 16, 16

Hashes = npt.NDArray[np.uint8]  # [hashes, 32]


class HammingIndex:
    """Hashes of 256 bits, found by their distance to others; 96 bytes of memory each."""

    def __init__(self, hashes: Hashes, max_distance: int) -> None:
        self._max_distance = max_distance  # bits, inclusive
        self._hashes = np.ascontiguousarray(hashes).view(np.uint64)  # [hashes, 4]
        words = _words(hashes)
        # The hashes by the value of their first word, then by that of their second, and so on; and
        # where in that order each value of each word begins.
        self._order = np.concatenate(
            [words[:, word].argsort(kind="stable").astype(np.uint32) for word in range(_WORDS)]
        )
        self._starts = np.zeros((_WORDS << _BITS) + 1, np.int64)
        for word in range(_WORDS):
            counts = np.bincount(words[:, word], minlength=1 << _BITS)
            first = word << _BITS
            self._starts[first + 1 : first + 1 + len(counts)] = counts
        self._starts = self._starts.cumsum()
        self._flips = _flips(max_distance // _WORDS)

    def has_near(self, hashes: Hashes) -> bool:
        """Whether an entry differs from one of the hashes in at most `max_distance` bits."""
        words = _words(hashes).astype(np.int64)
        places = (words[:, :, None] ^ self._flips) + (np.arange(_WORDS) << _BITS)[:, None]
        starts, ends = self._starts[places.ravel()], self._starts[places.ravel() + 1]
        lengths = ends - starts
        # All positions from each start to its end, one after another.
        before = lengths.cumsum() - lengths
        positions = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
        queries = np.repeat(np.arange(len(hashes)), lengths.reshape(len(hashes), -1).sum(axis=1))
        asked = np.ascontiguousarray(hashes).view(np.uint64)[queries]
        differing = np.bitwise_count(self._hashes[self._order[positions]] ^ asked)
        return bool((differing.sum(axis=1) <= self._max_distance).any())


def _words(hashes: Hashes) -> npt.NDArray[np.uint16]:
    return np.ascontiguousarray(hashes).view(np.uint16).reshape(-1, _WORDS)


def _flips(most: int) -> npt.NDArray[np.int64]:
    """All words with at most so many bits set."""
    return np.array(
        [
            sum(1 << bit for bit in bits)
            for number in range(most + 1)
            for bits in itertools.combinations(range(_BITS), number)
        ]
    )
