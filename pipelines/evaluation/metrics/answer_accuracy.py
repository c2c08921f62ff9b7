"""Accuracies of answers: VQA's, OK-VQA's, exact, relaxed, of choices, of counts, of pairs."""

from collections import Counter
from typing import cast

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.metrics.metric import Floats, MeanMetric
from pipelines.evaluation.metrics.values import folded
from pipelines.evaluation.metrics.vqa_normalization import normalized, stripped

_AGREEING = 3  # people who give an answer that is fully right
_RELATIVE_ERROR = 0.05
_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_COUNTS = {word: str(number) for number, word in enumerate(_NUMBERS.split(" "))} | {"none": "0"}


class VqaAccuracy(MeanMetric):
    """VQA's accuracy (Antol et al., 2015): min(1, people who agree / 3), leaving out one of ten.

    Answers are normalized unless all people agree, as VQA's code does. With fewer than four
    references, no answer scores 1, and with one reference, all score 0: use `exact` for those.
    """

    name = "vqa"
    results = ("vqa",)

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        answer = stripped(cast(str, prediction))
        people = Counter(stripped(cast(str, text)) for text in references)
        if len(people) > 1:
            answer = normalized(answer)
            agreeing = sum(n for text, n in people.items() if normalized(text) == answer)
        else:
            agreeing = people[answer]
        number = len(references)
        left_out = agreeing * min(1, (agreeing - 1) / _AGREEING)
        return (left_out + (number - agreeing) * min(1, agreeing / _AGREEING)) / number


class DirectAnswer(MeanMetric):
    """min(1, people who agree / 3) as OK-VQA and A-OKVQA are scored: exact texts, none left out."""

    name = "direct_answer"
    results = ("direct_answer",)

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        return min(1.0, references.count(prediction) / _AGREEING)


class Exact(MeanMetric):
    """The share of answers that equal a reference, each character: GQA, OCR-VQA, PubChem."""

    name = "exact"
    results = ("exact",)

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        return float(prediction in references)


class Relaxed(MeanMetric):
    """ChartQA's relaxed accuracy: numbers may differ by 5 % of the reference, other texts not.

    A number may end with `%`. A reference of 0, and texts, must be met exactly, without regard to
    case, as PaliGemma's authors compare them (arXiv 2203.10244).
    """

    name = "relaxed"
    results = ("relaxed",)

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        answer = cast(str, prediction)
        return float(any(_is_near(answer, cast(str, text)) for text in references))


class MultipleChoice(MeanMetric):
    """The share of answers that name the right choice, without regard to case and white space."""

    name = "multiple_choice"
    results = ("multiple_choice",)

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        return float(
            folded(cast(str, prediction)) in (folded(cast(str, text)) for text in references)
        )


class Counting(MeanMetric):
    """The share of right counts, as TallyQA and CountBenchQA: `two` is 2, up to twenty."""

    name = "counting"
    results = ("counting",)

    def score(self, prediction: object, references: tuple[object, ...]) -> float:
        return float(_count(prediction) in map(_count, references))


class PairedAccuracy(MultipleChoice):
    """MMVP's accuracy (arXiv 2401.06209): a pair is right if both of its answers are."""

    name = "paired"
    results = ("paired",)
    group = "pair"

    def merged(self, statistics: Floats, groups: npt.NDArray[np.intp]) -> Floats:
        right = np.ones((int(groups.max(initial=-1)) + 1, 1))
        np.minimum.at(right, groups, statistics)
        return right


def _count(answer: object) -> str:
    text = cast(str, answer)
    return _COUNTS.get(text.lower(), text)


def _is_near(answer: str, reference: str) -> bool:
    given, wanted = _number(answer), _number(reference)
    if given is None or not wanted:
        return answer.lower() == reference.lower()
    return abs(given - wanted) / abs(wanted) <= _RELATIVE_ERROR


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
