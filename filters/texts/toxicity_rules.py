"""Drop insults, slurs and threats by term rules, with low assurance: see docs/filters.md."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from filters.base import Judge, TextFilter, float32, reaches
from filters.limits import Limit, drop_and_quarantine_at
from filters.text_analysis.group_attacks import attack_score
from filters.text_analysis.language_tables import SUPPORTED_LANGUAGES, SupportedLanguage
from filters.text_analysis.term_context import (
    is_first_person,
    is_intensified,
    is_negated,
    targets_person,
    without_animals,
)
from filters.text_analysis.term_judge import TermJudge
from filters.text_analysis.term_matcher import TermMatch
from filters.text_analysis.term_scores import pornography_score, slur_score, vulgarity_score
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, keep, quarantine

Attribute = Literal["identity_attack", "insult", "threat", "profanity", "sexually_explicit"]
ATTRIBUTES: tuple[Attribute, ...] = (
    "identity_attack",
    "threat",
    "insult",
    "sexually_explicit",
    "profanity",
)
_INTENSIFIED = 0.6  # score of an insult such as "a stupid idiot", without a known target
_TARGETED = 0.9  # score of an insult or a threat with a known target


class ToxicityRules(TextFilter):
    """Keep texts whose scores, one for each of `attributes`, are below the thresholds.

    Scores are in [0, 1]; a score of 0 is not stored. The attributes share their names with
    Perspective's attributes, but not their meaning. Two further scores are stored and decide
    nothing: `toxicity` is the highest of the five attributes, and `severe_toxicity` the second
    highest, because then a text is toxic in two ways at once.
    """

    rules: ClassVar = "8"
    fields: ClassVar = "all"  # keys and carried columns are stored too
    thresholds: ClassVar = frozenset({"attributes", "drop_at", "quarantine_at"})
    stores_zeros: ClassVar = False
    zero_scores: ClassVar = ("toxicity", "severe_toxicity", *ATTRIBUTES)
    kind: Literal["toxicity_rules"] = "toxicity_rules"
    """The name of this filter."""
    attributes: tuple[Attribute, ...] = Field(ATTRIBUTES, min_length=1)
    """The attributes that decide; the scores of the others are only stored."""
    drop_at: float = Field(0.8, gt=0, le=1)
    """The score of any of the attributes from which a text is dropped, inclusive."""
    quarantine_at: float = Field(0.5, gt=0, le=1)
    """The score of any of the attributes from which a text is quarantined, inclusive."""
    languages: tuple[SupportedLanguage, ...] = Field(SUPPORTED_LANGUAGES, min_length=1)
    """The languages that are judged, as ISO 639 codes.

    A text in another language is indeterminate, unless its terms reach a threshold.
    """

    def load(self, resources: Resources) -> Judge[Text]:
        return TermJudge(self.languages, _scores, self._decide)

    def decide(self, scores: Mapping[str, float]) -> Verdict | None:
        return self._decide(scores) or keep(scores)

    def limits(self, score: str) -> tuple[Limit, ...]:
        return (
            drop_and_quarantine_at(score, self.drop_at, self.quarantine_at)
            if score in self.attributes
            else ()
        )

    def _decide(self, scores: Mapping[str, float]) -> Verdict | None:
        worst = max(self.attributes, key=lambda name: float32(scores.get(name, 0)))
        if reaches(scores.get(worst, 0), self.drop_at):
            return drop(f"text_{worst}", scores)
        if reaches(scores.get(worst, 0), self.quarantine_at):
            return quarantine(f"text_{worst}", scores)
        return None


def _scores(matches: Sequence[TermMatch]) -> dict[str, float]:
    matches = without_animals(matches)
    scores = {
        "identity_attack": max(slur_score(matches), _group_attack_score(matches)),
        "insult": max(map(_insult, matches), default=0.0),
        "threat": max(map(_threat, matches), default=0.0),
        "profanity": vulgarity_score(matches),
        "sexually_explicit": pornography_score(matches),
    }
    *_, second, highest = sorted(scores.values())
    scores |= {"toxicity": highest, "severe_toxicity": second}
    return {attribute: score for attribute, score in scores.items() if score}


def _insult(match: TermMatch) -> float:
    if match.term.kind not in ("insult", "slur"):
        return 0.0
    if targets_person(match):
        return _TARGETED
    if is_intensified(match):
        return _INTENSIFIED
    return match.term.weight if match.term.kind == "insult" else 0.0


def _threat(match: TermMatch) -> float:
    if match.term.kind != "threat":
        return 0.0
    if is_negated(match):
        return match.term.weight / 2
    return _TARGETED if is_first_person(match) else match.term.weight


def _group_attack_score(matches: Sequence[TermMatch]) -> float:
    anchors: dict[str, list[str]] = {}  # by the variant of the text
    for match in matches:
        if match.term.kind == "attack":
            anchors.setdefault(match.variant, []).append(match.term.text)
    about_groups = {match.variant for match in matches if match.term.kind == "group"}
    scores = (attack_score(each, anchors[each]) for each in about_groups & anchors.keys())
    return max(scores, default=0.0)
