"""POPE: how often a model says that an object is there, and how often it is."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from pipelines.evaluation.metrics.metric import Floats, Metric, Scored, ratio

_NO = {"No", "no", "not"}


class Pope(Metric):
    """Accuracy, precision, recall and F1 of `yes`, and the share of `yes` (arXiv 2305.10355).

    An answer is `no` if its first sentence has the word no or not, and otherwise `yes`, as in
    POPE's code. An empty answer is neither, and wrong. The statistics are right and wrong `yes`,
    right and wrong `no`, and `yes`. The reference is `yes` or `no`.
    """

    name = "pope"
    results = ("accuracy", "precision", "recall", "f1", "yes_share")

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        rows = [_counts(cast(str, each.prediction), each.references) for each in samples]
        return np.array(rows, np.float64).reshape(-1, 5)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        right_yes, wrong_yes, right_no, wrong_no, yes = np.moveaxis(sums, -1, 0)
        return {
            "accuracy": (right_yes + right_no) / samples,
            "precision": ratio(right_yes, right_yes + wrong_yes),
            "recall": ratio(right_yes, right_yes + wrong_no),
            "f1": ratio(2 * right_yes, 2 * right_yes + wrong_yes + wrong_no),
            "yes_share": yes / samples,
        }


def _counts(answer: str, references: tuple[object, ...]) -> tuple[bool, ...]:
    is_there = cast(str, references[0]).strip().lower() == "yes"
    if not answer.strip():
        return (False, not is_there, False, is_there, False)
    words = answer.split(".", maxsplit=1)[0].replace(",", "").split(" ")
    yes = _NO.isdisjoint(words)
    return (
        yes and is_there,
        yes and not is_there,
        not yes and not is_there,
        not yes and is_there,
        yes,
    )
