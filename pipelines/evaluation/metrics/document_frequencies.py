"""Counts in how many samples' references each n-gram occurs."""

from collections.abc import Iterable
from itertools import islice

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.metrics.ngram_hashes import Hashes, ngrams_of

_SAMPLES_AT_ONCE = 20_000
_PENDING = 1 << 23  # hashes that wait to be merged: 64 MiB

Counts = npt.NDArray[np.int32]


class DocumentFrequencies:
    """How many samples' references have an n-gram; 12 bytes for each one with two or more.

    An n-gram of one sample counts like one of none, as in coco-caption, so that it is forgotten
    at the end. While references are read, each distinct n-gram takes 12 bytes.
    """

    def __init__(self, references: Iterable[tuple[str, ...]]) -> None:
        """Read the references of all samples once."""
        self.samples = 0
        self._hashes, self._counts = np.empty(0, np.uint64), np.empty(0, np.int32)
        pending: list[Hashes] = []
        rest = iter(references)
        while chunk := list(islice(rest, _SAMPLES_AT_ONCE)):
            self.samples += len(chunk)
            pending.append(_once_each(chunk))
            if sum(map(len, pending)) >= _PENDING:
                self._merge(pending)
                pending = []
        self._merge(pending)
        several = self._counts > 1
        self._hashes, self._counts = self._hashes[several], self._counts[several]

    def of(self, hashes: Hashes) -> Counts:
        """Return the document frequency of each n-gram, at least 1."""
        if not len(self._hashes):
            return np.ones(len(hashes), np.int32)
        places = np.searchsorted(self._hashes, hashes).clip(max=len(self._hashes) - 1)
        return np.where(self._hashes[places] == hashes, self._counts[places], np.int32(1))

    def _merge(self, pending: list[Hashes]) -> None:
        if not pending:
            return
        new, counts = np.unique(np.concatenate(pending), return_counts=True)
        places = np.searchsorted(self._hashes, new)
        known = np.zeros(len(new), bool)
        inside = places < len(self._hashes)
        known[inside] = self._hashes[places[inside]] == new[inside]
        self._counts[places[known]] += counts[known].astype(np.int32)
        self._hashes = np.insert(self._hashes, places[~known], new[~known])
        self._counts = np.insert(self._counts, places[~known], counts[~known].astype(np.int32))


def _once_each(samples: list[tuple[str, ...]]) -> Hashes:
    """Return each sample's distinct n-grams, the samples one after another."""
    owner = np.repeat(np.arange(len(samples)), [len(texts) for texts in samples])
    found = ngrams_of([text for texts in samples for text in texts])
    pairs = np.empty(len(found.hashes), [("hash", np.uint64), ("sample", np.int64)])
    pairs["hash"], pairs["sample"] = found.hashes, owner[found.captions]
    order = np.lexsort((pairs["sample"], pairs["hash"]))
    pairs = pairs[order]
    first = np.ones(len(pairs), bool)
    first[1:] = pairs[1:] != pairs[:-1]
    return np.ascontiguousarray(pairs["hash"][first])
