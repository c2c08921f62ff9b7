"""BLEU-4: the precision of a corpus's n-grams, with a penalty for short captions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from pipelines.evaluation.metrics.caption_tokens import caption_tokens
from pipelines.evaluation.metrics.metric import Floats, Metric, Scored

_LONGEST = 4  # words of an n-gram
_TINY, _SMALL = 1e-15, 1e-9  # coco-caption's, against division by zero


class Bleu4(Metric):
    """BLEU-4 as coco-caption computes it (Papineni et al., 2002), with the closest length.

    The statistics are the n-grams of one to four words that are found in a reference, then the
    n-grams of the captions, their words, and the words of the references of the closest length.
    A failed answer has no word, but the n-grams of a caption as long as the shortest reference,
    none of them right: without any, the precision of the corpus would rise.
    """

    name = "bleu4"
    results = ("bleu4", "bleu1", "bleu2", "bleu3")

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        rows = [
            _counts(cast(str, given), cast(tuple[str, ...], references), failed)
            for given, references, failed in samples
        ]
        return np.array(rows, np.float64).reshape(-1, 2 * _LONGEST + 2)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        found, all_ngrams = sums[..., :_LONGEST], sums[..., _LONGEST : 2 * _LONGEST]
        precision = np.cumprod((found + _TINY) / (all_ngrams + _SMALL), axis=-1)
        length = (sums[..., -2] + _TINY) / (sums[..., -1] + _SMALL)
        penalty = np.exp(np.minimum(0, 1 - 1 / length))
        values = precision ** (1 / np.arange(1, _LONGEST + 1)) * penalty[..., None]
        return {name: values[..., int(name[-1]) - 1] for name in self.results}


def _counts(prediction: str, references: tuple[str, ...], failed: bool) -> list[float]:
    words = [] if failed else caption_tokens(prediction)
    most: Counter[tuple[str, ...]] = Counter()
    lengths = []
    for text in references:
        tokens = caption_tokens(text)
        lengths.append(len(tokens))
        most |= _ngrams(tokens)
    found = [0.0] * _LONGEST
    for ngram, count in (_ngrams(words) & most).items():
        found[len(ngram) - 1] += count
    length = min(lengths) if failed else len(words)
    all_ngrams = [max(0.0, length - size) for size in range(_LONGEST)]
    closest = min(lengths, key=lambda length: (abs(length - len(words)), length))
    return [*found, *all_ngrams, len(words), closest]


def _ngrams(words: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(words[start : start + size])
        for size in range(1, _LONGEST + 1)
        for start in range(len(words) - size + 1)
    )
