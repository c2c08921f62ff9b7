"""Drop texts that term rules call pornographic, vulgar, offensive or sexualizing of children."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from filters.base import Judge, TextFilter, reaches
from filters.limits import Limit
from filters.text_analysis.factual_context import (
    is_about_art_or_medicine,
    is_instructive,
    is_offer,
    is_protective,
)
from filters.text_analysis.language_tables import SUPPORTED_LANGUAGES, SupportedLanguage
from filters.text_analysis.term_context import without_animals
from filters.text_analysis.term_judge import TermJudge
from filters.text_analysis.term_matcher import TermMatch, find_child_terms
from filters.text_analysis.term_scores import (
    pornography_score,
    slur_score,
    vulgarity_score,
)
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep, quarantine

_NEAR_CHILDREN = 60  # characters between a sexual term and a word for children, inclusive
_CHILDREN_DROP_AT = 0.8


class TextSafetyRules(TextFilter):
    """Keep texts whose scores are below the thresholds.

    Scores are in [0, 1]; a score of 0 is not stored. A score is 1 - (1 - w1)(1 - w2)... over the
    weights of the different terms matched (see filters/text_analysis/term_lists); words of news,
    law, help, education, art, medicine or language lower the pornography score, and a slur that is
    only mentioned counts half.

    The score `sexual_minors` is fixed: 1.0 for explicit content (always dropped); 0.6 for explicit
    content in a text of news, law, help or education, and for suggestive content; 0.3 for
    suggestive content in a text of news, law, help, education, art or medicine, and for pornography
    that children are protected from.
    """

    rules: ClassVar = "8"
    fields: ClassVar = "all"  # keys and carried columns are stored too
    thresholds: ClassVar = frozenset(
        {"pornography_at", "vulgarity_at", "offensive_at", "quarantine_at"}
    )
    stores_zeros: ClassVar = False
    zero_scores: ClassVar = ("sexual_minors", "pornography", "vulgarity", "offensive")
    kind: Literal["text_safety_rules"] = "text_safety_rules"
    """The name of this filter."""
    pornography_at: float | None = Field(0.8, gt=0, le=1)
    """The score from which pornography drops a text, inclusive; null: never."""
    vulgarity_at: float | None = Field(0.8, gt=0, le=1)
    """The score from which vulgarity drops a text, inclusive; null: never."""
    offensive_at: float | None = Field(0.8, gt=0, le=1)
    """The score from which slurs and slogans drop a text, inclusive; null: never."""
    quarantine_at: float = Field(0.5, gt=0, le=1)
    """The value of any of the scores from which a text is quarantined, inclusive."""
    languages: tuple[SupportedLanguage, ...] = Field(SUPPORTED_LANGUAGES, min_length=1)
    """The languages that are judged, as ISO 639 codes.

    A text in another language is indeterminate, unless its terms reach a threshold.
    """

    def load(self, resources: Resources) -> Judge[Text]:
        return TermJudge(self.languages, _scores, self._decide)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._decide(scores) or keep(scores)

    def limits(self, score: str) -> tuple[Limit, ...]:
        if (at := self._drop_at().get(score)) is None or score == "sexual_minors":
            return ()  # the threshold of sexual_minors is fixed
        return (
            Limit(f"{score}_at", at, "drop"),
            Limit("quarantine_at", self.quarantine_at, "quarantine"),
        )

    def _drop_at(self) -> dict[str, float]:
        """Return the thresholds of the categories that decide."""
        thresholds = {
            "sexual_minors": _CHILDREN_DROP_AT,
            "pornography": self.pornography_at,
            "vulgarity": self.vulgarity_at,
            "offensive": self.offensive_at,
        }
        return {category: at for category, at in thresholds.items() if at is not None}

    def _decide(self, scores: Mapping[str, float]) -> Verdict | None:
        drop_at = self._drop_at()
        for category, at in drop_at.items():
            if reaches(scores.get(category, 0), at):
                return drop(f"text_{category}", scores)
        for category in drop_at:
            if reaches(scores.get(category, 0), self.quarantine_at):
                return quarantine(f"text_{category}", scores)
        return None


def _scores(matches: Sequence[TermMatch]) -> dict[str, float]:
    variants = {match.variant for match in matches}
    of_persons = without_animals(matches)
    scores = {
        "sexual_minors": max(_sexual_minors_score(variant, matches) for variant in variants),
        "pornography": pornography_score(of_persons),
        "vulgarity": vulgarity_score(of_persons),
        "offensive": slur_score(of_persons),
    }
    return {category: score for category, score in scores.items() if score}


def _sexual_minors_score(variant: str, matches: Iterable[TermMatch]) -> float:
    """Return the score `sexual_minors` of one variant of a text: 0, 0.3, 0.6 or 1."""
    in_variant = [match for match in matches if match.variant == variant]
    sexual = [match for match in in_variant if match.term.kind in ("sexual", "suggestive")]
    explicit = any(match.term.kind == "abuse" for match in in_variant)
    suggestive = False
    if sexual and not explicit:
        child_spans = find_child_terms(variant)
        near = [match for match in sexual if _is_near(match, child_spans)]
        if len(sexual) == 1 and near and _is_only_warned_of(sexual[0]):
            return 0.3
        explicit = any(match.term.weight >= 0.6 for match in near)
        suggestive = bool(near)
    if explicit:
        return 0.6 if is_instructive(variant) else 1.0
    if suggestive:
        return 0.3 if is_instructive(variant) or is_about_art_or_medicine(variant) else 0.6
    return 0.0


def _is_only_warned_of(match: TermMatch) -> bool:
    """Return whether the only sexual term of a text is what children are protected from."""
    return is_protective(match.variant, match.start, match.end) and not is_offer(match.variant)


def _is_near(match: TermMatch, spans: Sequence[tuple[int, int]]) -> bool:
    """Return whether one of the sorted spans lies within _NEAR_CHILDREN characters of the match."""
    after = bisect_left(spans, (match.start, 0))
    return any(
        start - match.end <= _NEAR_CHILDREN and match.start - end <= _NEAR_CHILDREN
        for start, end in spans[max(after - 1, 0) : after + 1]
    )
