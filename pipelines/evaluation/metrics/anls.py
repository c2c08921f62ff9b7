"""ANLS: how many characters of an answer are right, of DocVQA, InfoVQA and ST-VQA."""

from typing import cast

from pipelines.evaluation.metrics.edit_distance import edit_distance
from pipelines.evaluation.metrics.metric import MeanMetric

_THRESHOLD = 0.5  # inclusive: a lower similarity is 0


class Anls(MeanMetric):
    """Average normalized Levenshtein similarity (Biten et al., 2019, arXiv 1905.13648).

    As the benchmarks' server computes it: without regard to case and repeated spaces, the best
    reference counts, and a similarity below 0.5 is 0. Edits are those of lower case, and lengths
    are those of upper case with all spaces, in which `ß` is `SS`.
    """

    name = "anls"
    results = ("anls",)

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        answer = cast(str, prediction)
        best = max(_similarity(answer, cast(str, text)) for text in references)
        return best if best >= _THRESHOLD else 0.0


def _similarity(answer: str, reference: str) -> float:
    length = max(len(answer.upper()), len(reference.upper()))
    return 1 - edit_distance(_folded(answer), _folded(reference)) / length if length else 1.0


def _folded(text: str) -> str:
    return " ".join(text.lower().split())
