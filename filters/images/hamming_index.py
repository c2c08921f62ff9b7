"""Search 256-bit hashes by Hamming distance without comparing all of them.

Multi-index hashing (Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index
Hashing", 2012): if two hashes differ in at most d bits, at least one of their 16 words of 16 bits
differs in at most d // 16 bits. So only entries with such a word are compared.
"""

import itertools

import numpy as np
import numpy.typing as npt

_WORDS, _BITS = 16, 16  # words per hash, bits per word

Hashes = npt.NDArray[np.uint8]  # [hashes, 32]


class HammingIndex:
    """An index of 256-bit hashes by Hamming distance; it takes 96 bytes of memory per hash."""

    def __init__(self, hashes: Hashes, max_distance: int) -> None:
        self._max_distance = max_distance  # bits, inclusive
        self._hashes = np.ascontiguousarray(hashes).view(np.uint64)  # [hashes, 4]
        words = _words(hashes)
        # `_order` has, per word, the hashes sorted by that word; `_starts` has, per word and value,
        # the position in `_order` where the hashes with that value begin.
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
        """Return whether an entry of the index is within `max_distance` bits of any given hash."""
        words = _words(hashes).astype(np.int64)
        buckets = (words[:, :, None] ^ self._flips) + (np.arange(_WORDS) << _BITS)[:, None]
        starts, ends = self._starts[buckets.ravel()], self._starts[buckets.ravel() + 1]
        lengths = ends - starts
        # The positions of all buckets, from start to end, concatenated.
        before = lengths.cumsum() - lengths
        positions = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
        queries = np.repeat(np.arange(len(hashes)), lengths.reshape(len(hashes), -1).sum(axis=1))
        query_hashes = np.ascontiguousarray(hashes).view(np.uint64)[queries]
        distances = np.bitwise_count(self._hashes[self._order[positions]] ^ query_hashes)
        return bool((distances.sum(axis=1) <= self._max_distance).any())


def _words(hashes: Hashes) -> npt.NDArray[np.uint16]:
    return np.ascontiguousarray(hashes).view(np.uint16).reshape(-1, _WORDS)


def _flips(max_bits: int) -> npt.NDArray[np.int64]:
    """Return all words with at most `max_bits` bits set."""
    return np.array(
        [
            sum(1 << bit for bit in bits)
            for number in range(max_bits + 1)
            for bits in itertools.combinations(range(_BITS), number)
        ]
    )
