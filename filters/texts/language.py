"""Drop texts in languages that are not wanted."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from filters.base import Judge, TextFilter, reaches
from filters.text_analysis.language_detection import language_and_probability
from filters.text_analysis.language_models import KNOWN_LANGUAGES
from schemas.known_names import close_names
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, indeterminate, keep


class Language(TextFilter):
    """Keep texts in one of `languages`, as far as the detected language is certain enough.

    A text whose language has a probability below `min_probability`, and a text that is too short
    to tell, is indeterminate.
    """

    rules: ClassVar = "2"
    fields: ClassVar = "prose"
    thresholds: ClassVar = frozenset({"languages"})
    kind: Literal["language"] = "language"
    """The name of this filter."""
    applies_to: Literal["source", "generated", "both"] = "source"
    """The texts that the filter judges: source texts, generated texts or both."""
    languages: tuple[str, ...] = Field(min_length=1)
    """The ISO 639 codes of the languages to keep."""
    min_probability: float = Field(0.5, ge=0, le=1)
    """The lowest probability of the detected language that decides, inclusive."""

    @field_validator("languages")
    @classmethod
    def _are_known(cls, languages: tuple[str, ...]) -> tuple[str, ...]:
        for language in languages:
            if language not in KNOWN_LANGUAGES:
                close = close_names(language, sorted(KNOWN_LANGUAGES))
                meant = f": did you mean {close[0]!r}?" if close else ""
                raise ValueError(f"{language!r} is none of the ISO 639 codes that are known{meant}")
        return languages

    def load(self, resources: Resources) -> Judge[Text]:
        return self  # the detection loads its model with the first text

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [
            self.verdict_on(*language_and_probability(item.value, self.languages)) for item in items
        ]

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        for language, probability in scores.items():
            verdict = self.verdict_on(language, probability)
            return None if verdict.action == "indeterminate" else verdict
        return None

    def verdict_on(self, language: str, probability: float) -> Verdict:
        """Return the verdict on a text by its most probable language; the score is named after it.

        `language` is "" for a text that is too short to tell.
        """
        scores = {language: probability} if language else {}
        if not language or not reaches(probability, self.min_probability):
            return indeterminate("language_uncertain", scores)
        return keep(scores) if language in self.languages else drop("language_unwanted", scores)
