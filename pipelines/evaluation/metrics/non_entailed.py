"""The share of sentences that the references do not entail, by a model of the user's."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol, Self, cast

import numpy as np

from pipelines.evaluation.metrics.metric import Floats, Metric, Scored, ratio
from pipelines.evaluation.metrics.sentences import split_sentences


class Claim(NamedTuple):
    """A sentence, and the texts that may entail it, each as its sentences."""

    sentence: str
    premises: tuple[tuple[str, ...], ...]


class Entails(Protocol):
    """Decides for each claim whether one of its premises entails its sentence."""

    def __call__(self, claims: Sequence[Claim], /) -> Sequence[bool]: ...


class NonEntailed(Metric):
    """Sentences that no reference entails, divided by all sentences of all answers.

    An answer without a sentence, or a failed one, counts as many sentences as the shortest of its
    references has, at least one, none entailed: otherwise, a job could win by answering nothing.
    """

    name = "non_entailed"
    results = ("non_entailed",)
    higher_is_better = False
    needs_entailment = True
    samples_at_once = 64

    def __init__(self, entails: Entails | None = None) -> None:
        self._entails = entails

    def judged_by(self, entails: Entails) -> Self:
        """Return the metric with a judge, which `statistics` needs."""
        return type(self)(entails)

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        """Return, for each sample, its sentences that are not entailed, and all its sentences."""
        if self._entails is None:
            raise ValueError("non_entailed has no judge: call judged_by")
        claims = [_claims(each) for each in samples]
        distinct = list(dict.fromkeys(claim for each in claims for claim in each))
        entailed = dict(zip(distinct, self._entails(distinct), strict=True))
        rows = [
            (sum(not entailed[claim] for claim in each), len(each)) if each else _nothing(sample)
            for sample, each in zip(samples, claims, strict=True)
        ]
        return np.array(rows, np.float64).reshape(-1, 2)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        return {"non_entailed": ratio(sums[..., 0], sums[..., 1])}


def _claims(sample: Scored) -> list[Claim]:
    if sample.failed:
        return []
    references = cast(tuple[str, ...], sample.references)
    premises = tuple(map(split_sentences, references))
    return [Claim(each, premises) for each in split_sentences(cast(str, sample.prediction))]


def _nothing(sample: Scored) -> tuple[int, int]:
    references = cast(tuple[str, ...], sample.references)
    number = max(1, min(len(split_sentences(each)) for each in references))
    return number, number
