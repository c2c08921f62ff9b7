"""CIDEr-D: the likeness of a caption's n-grams to those of its references, weighed by rarity."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Self, cast

import numpy as np

from pipelines.evaluation.metrics.document_frequencies import DocumentFrequencies
from pipelines.evaluation.metrics.metric import Floats, Metric, Scored
from pipelines.evaluation.metrics.ngram_hashes import (
    LONGEST,
    Hashes,
    Positions,
    mixed,
    ngrams_of,
)

_SIGMA = 6.0  # words: the width of the penalty for another length
_SAMPLES_AT_ONCE = 5_000


class Cider(Metric):
    """CIDEr-D as coco-caption computes it (Vedantam et al., 2015, arXiv 1411.5726), 0 to 10.

    Document frequencies come from the references of all samples, so that a sample's score depends
    on the corpus, and a corpus of one sample scores 0. Cards print a hundred times the mean.
    """

    name = "cider"
    results = ("cider",)
    highest = 10.0
    reads_references_first = True

    def __init__(self, frequencies: DocumentFrequencies | None = None) -> None:
        """Take the document frequencies; `prepared` makes them."""
        self._frequencies = frequencies

    def prepared(self, references: Iterable[tuple[object, ...]]) -> Self:
        texts = cast(Iterable[tuple[str, ...]], references)
        return type(self)(DocumentFrequencies(texts))

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        if self._frequencies is None:
            raise ValueError("cider is not prepared: it needs the references of all samples")
        parts = [
            _scores(samples[start : start + _SAMPLES_AT_ONCE], self._frequencies)
            for start in range(0, len(samples), _SAMPLES_AT_ONCE)
        ]
        return np.concatenate([np.empty(0), *parts]).reshape(-1, 1)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        return {"cider": sums[..., 0] / samples}


class _Vectors(NamedTuple):
    """TF-IDF vectors of captions: one entry for each distinct n-gram of a caption."""

    hashes: Hashes
    captions: Positions
    sizes: Positions
    weights: Floats
    norms: Floats  # [captions, 4]
    lengths: Floats  # [captions]: the number of pairs of words, as coco-caption counts


def _vectors(captions: Sequence[str], frequencies: DocumentFrequencies) -> _Vectors:
    found = ngrams_of(captions)
    order = np.lexsort((found.hashes, found.captions))
    hashes, owners = found.hashes[order], found.captions[order]
    sizes = found.sizes[order].astype(np.intp)
    first = np.ones(len(hashes), bool)
    first[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    starts = np.flatnonzero(first)
    terms = np.diff(np.append(starts, len(hashes)))
    hashes, owners, sizes = hashes[starts], owners[starts], sizes[starts]
    rarity = np.log(float(frequencies.samples)) - np.log(frequencies.of(hashes))
    weights = terms * rarity
    cells = owners * LONGEST + sizes - 1
    norms = np.sqrt(_summed(cells, weights**2, len(captions) * LONGEST)).reshape(-1, LONGEST)
    lengths = (found.lengths - 1).clip(0).astype(np.float64)
    return _Vectors(hashes, owners, sizes, weights, norms, lengths)


def _scores(samples: Sequence[Scored], frequencies: DocumentFrequencies) -> Floats:
    """Return the score of each sample, [samples]."""
    predicted = _vectors([cast(str, sample.prediction) for sample in samples], frequencies)
    counts = np.array([len(sample.references) for sample in samples], np.intp)
    texts = [cast(str, text) for sample in samples for text in sample.references]
    referred = _vectors(texts, frequencies)
    sample_of = np.repeat(np.arange(len(samples)), counts)  # of each reference
    matches = _products(predicted, referred, sample_of)
    norms = predicted.norms[sample_of] * referred.norms
    likeness = np.divide(matches, norms, out=matches, where=norms != 0)
    delta = predicted.lengths[sample_of] - referred.lengths
    of_reference = likeness.mean(axis=1) * np.exp(-(delta**2) / (2 * _SIGMA**2))
    return 10 * _summed(sample_of, of_reference, len(samples)) / counts


def _products(predicted: _Vectors, referred: _Vectors, sample_of: Positions) -> Floats:
    """Return sums of min(prediction, reference) * reference over n-grams, [references, 4]."""
    keys = _keys(predicted.hashes, predicted.captions)
    order = np.argsort(keys)
    keys, weights = keys[order], predicted.weights[order]
    wanted = _keys(referred.hashes, sample_of[referred.captions])
    shape = (len(referred.lengths), LONGEST)
    if not len(keys):
        return np.zeros(shape)
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    clipped = np.minimum(weights[places], referred.weights) * referred.weights
    clipped[keys[places] != wanted] = 0
    cells = referred.captions * LONGEST + referred.sizes - 1
    return _summed(cells, clipped, len(referred.lengths) * LONGEST).reshape(shape)


def _summed(places: Positions, values: Floats, number: int) -> Floats:
    """Return the sum of the values at each place, [number]."""
    return np.bincount(places, values, number).astype(np.float64)  # integers if there are none


def _keys(hashes: Hashes, samples: Positions) -> Hashes:
    """Return hashes of n-grams in samples."""
    return mixed(hashes + mixed(samples.astype(np.uint64)))
