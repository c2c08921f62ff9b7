"""Turns captions into 64-bit hashes of their n-grams, [n-grams] of all captions in one array.

Two n-grams of a corpus of 50 million share a hash with a probability of 7e-5.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.metrics.caption_tokens import part_tokens

LONGEST = 4  # words of an n-gram

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.intp]

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd: multiplication by it loses no bits


class Ngrams(NamedTuple):
    """N-grams of captions, one entry for each occurrence."""

    hashes: Hashes
    captions: Positions  # the number of the caption of each entry
    sizes: npt.NDArray[np.int8]  # words of each n-gram, 1 to 4
    lengths: Positions  # [captions], words


def ngrams_of(captions: Sequence[str]) -> Ngrams:
    """Return all n-grams of one to four words of each caption."""
    words = [[word for part in text.lower().split() for word in _words(part)] for text in captions]
    lengths = np.fromiter(map(len, words), np.intp, len(words))
    flat = np.fromiter(_flattened(words), np.uint64, int(lengths.sum()))
    owner = np.repeat(np.arange(len(words)), lengths)
    hashes, owners, sizes = [], [], []
    running = np.zeros(len(flat), np.uint64)
    for size in range(1, LONGEST + 1):
        running = running[: max(len(flat) - size + 1, 0)]
        running = mixed(running * _FACTOR + flat[size - 1 :][: len(running)])
        inside = owner[: len(running)] == owner[size - 1 :][: len(running)]
        hashes.append(running[inside])
        owners.append(owner[: len(running)][inside])
        sizes.append(np.full(len(hashes[-1]), size, np.int8))
    return Ngrams(np.concatenate(hashes), np.concatenate(owners), np.concatenate(sizes), lengths)


def mixed(values: Hashes) -> Hashes:
    """Return values whose every bit depends on every bit of theirs (SplitMix64's finalizer)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@lru_cache(1 << 17)
def _words(part: str) -> tuple[int, ...]:
    return tuple(
        int.from_bytes(blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        for token in part_tokens(part)
    )


def _flattened(words: Iterable[list[int]]) -> Iterable[int]:
    for each in words:
        yield from each
