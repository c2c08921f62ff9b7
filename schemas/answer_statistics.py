"""The statistics of a task's answers in some units, by which drift is found."""

from collections.abc import Mapping

from schemas.frozen import Frozen
from schemas.sums import add_fields


class AnswerStatistics(Frozen):
    """Sums over the answers of a task that are stored; withheld ones are left out."""

    answers: int = 0
    """The answers."""
    empty: int = 0
    """The answers without a text, an object or a word."""
    refusals: int = 0
    """The texts in which the model declines to answer."""
    repetitive: int = 0
    """The texts that say the same words again and again."""
    texts: int = 0
    """The answers that are a text and not empty."""
    tokens: int = 0
    """The tokens of all answers."""
    squared_tokens: int = 0
    """The sum of the squares of their numbers."""
    languages: Mapping[str, int] = {}
    """The texts of each language that was detected."""

    def __add__(self, other: "AnswerStatistics") -> "AnswerStatistics":
        return AnswerStatistics(**add_fields(self, other))


def add_answers(
    left: Mapping[str, AnswerStatistics], right: Mapping[str, AnswerStatistics]
) -> dict[str, AnswerStatistics]:
    """Add the statistics of each task."""
    none = AnswerStatistics()
    return {name: left.get(name, none) + right.get(name, none) for name in {**left, **right}}
