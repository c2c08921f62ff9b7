"""Drop insults, slurs and threats that rules can see: low assurance, see docs/filters.md."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from filters.base import Judge, TextFilter
from filters.text_analysis.language_detection import LISTED, Listed, is_covered
from filters.text_analysis.term_context import is_aimed, is_by_me, is_denied, is_heaped, is_of_group
from filters.text_analysis.term_matcher import Hit, find
from filters.texts.text_safety_rules import combined, pornography, slurs
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, indeterminate, keep, quarantine

Attribute = Literal["identity_attack", "insult", "threat", "profanity", "sexually_explicit"]
ATTRIBUTES: tuple[Attribute, ...] = (
    "identity_attack",
    "threat",
    "insult",
    "sexually_explicit",
    "profanity",
)
_HEAPED = 0.6  # what "a stupid idiot" weighs, whoever that is
_AIMED = 0.9  # what an insult, a threat or hatred weighs once its target is seen
_CLEAN = keep()


class ToxicityRules(TextFilter):
    """Keep texts none of whose attributes reaches a threshold; each is in [0, 1], left out where 0.

    The attributes have the names of Perspective's, and no more in common with them than the names:
    `toxicity` is the highest of the five others, `severe_toxicity` the second highest, for then a
    text is toxic in two ways at once.
    """

    fields: ClassVar = "all"  # keys and carried columns are stored too
    kind: Literal["toxicity_rules"] = "toxicity_rules"
    attributes: tuple[Attribute, ...] = Field(ATTRIBUTES, min_length=1)  # those that decide
    drop_at: float = Field(0.8, gt=0, le=1)  # any of them, inclusive
    quarantine_at: float = Field(0.5, gt=0, le=1)  # inclusive
    # Others are indeterminate unless a term is found.
    languages: tuple[Listed, ...] = Field(LISTED, min_length=1)

    def load(self, resources: Resources) -> Judge[Text]:
        return self  # the lists are loaded with the first text

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, text: Text) -> Verdict:
        hits = find(text.value)
        scores = _scores(hits) if hits else {}
        if scores:
            worst = max(self.attributes, key=lambda attribute: scores.get(attribute, 0))
            if scores.get(worst, 0) >= self.drop_at:
                return drop(f"text_{worst}", scores)
            if scores.get(worst, 0) >= self.quarantine_at:
                return quarantine(f"text_{worst}", scores)
        if not is_covered(text, self.languages):
            return indeterminate("language_unsupported", scores)
        return keep(scores) if scores else _CLEAN


def _scores(hits: Sequence[Hit]) -> dict[str, float]:
    scores = {
        "identity_attack": max(slurs(hits), *(_hatred(hit) for hit in hits)),
        "insult": max(_insult(hit) for hit in hits),
        "threat": max(_threat(hit) for hit in hits),
        "profanity": combined((hit, hit.term.weight) for hit in hits if hit.term.kind == "vulgar"),
        "sexually_explicit": pornography(hits),
    }
    *_, second, highest = sorted(scores.values())
    scores |= {"toxicity": highest, "severe_toxicity": second}
    return {attribute: score for attribute, score in scores.items() if score}


def _insult(hit: Hit) -> float:
    if hit.term.kind not in ("insult", "slur"):
        return 0.0
    if is_aimed(hit):
        return _AIMED
    if is_heaped(hit):
        return _HEAPED
    return hit.term.weight if hit.term.kind == "insult" else 0.0


def _threat(hit: Hit) -> float:
    if hit.term.kind != "threat":
        return 0.0
    if is_denied(hit):
        return hit.term.weight / 2
    return _AIMED if is_by_me(hit) else hit.term.weight


def _hatred(hit: Hit) -> float:
    if hit.term.kind not in ("hatred", "demeaning"):
        return 0.0
    return _AIMED if is_of_group(hit) else 0.0
