"""Counts in how many samples' references each n-gram occurs."""

from collections.abc import Iterable
from itertools import islice

import numpy as np

from pipelines.evaluation.metrics.hash_counts import Counts, HashCounts
from pipelines.evaluation.metrics.ngram_hashes import Hashes, ngrams_of

_SAMPLES_AT_ONCE = 5_000


class DocumentFrequencies:
    """How many samples' references have an n-gram.

    An n-gram of one sample counts like one of none, as in coco-caption. Memory does not grow with
    the number of n-grams: of a large corpus, files without names hold them.
    """

    def __init__(self, references: Iterable[tuple[str, ...]]) -> None:
        """Read the references of all samples once."""
        self.samples = 0
        counts = HashCounts()
        rest = iter(references)
        while chunk := list(islice(rest, _SAMPLES_AT_ONCE)):
            self.samples += len(chunk)
            counts.add(_once_each(chunk))
        self._table = counts.table(least=2)

    def of(self, hashes: Hashes) -> Counts:
        """Return the document frequency of each n-gram, at least 1."""
        return self._table.of(hashes)


def _once_each(samples: list[tuple[str, ...]]) -> Hashes:
    """Return each sample's distinct n-grams."""
    owner = np.repeat(np.arange(len(samples)), [len(texts) for texts in samples])
    found = ngrams_of([text for texts in samples for text in texts])
    samples_of = owner[found.captions]
    order = np.lexsort((found.hashes, samples_of))
    hashes, samples_of = found.hashes[order], samples_of[order]
    first = np.ones(len(hashes), bool)
    first[1:] = (hashes[1:] != hashes[:-1]) | (samples_of[1:] != samples_of[:-1])
    return hashes[first]
