"""Drop texts that are pornographic, vulgar or offensive, or that sexualise children, by rules."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from filters.base import Judge, TextFilter
from filters.text_analysis.language_detection import LISTED, Listed, is_covered
from filters.text_analysis.term_context import is_instructive, is_mentioned, shows_bodies
from filters.text_analysis.term_matcher import Hit, find, find_minors
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, drop, indeterminate, keep, quarantine

_NEAR_CHILDREN = 60  # characters between a sexual term and a word for children
# Of what news, help and education say of pornography: 0.9 becomes 0.6, and a person looks.
_INSTRUCTIVE_SHARE = 2 / 3
_CHILDREN_DROP_AT = 0.8
_CLEAN = keep()


class TextSafetyRules(TextFilter):
    """Keep texts whose scores stay below the thresholds; each is in [0, 1], and left out where 0.

    A score is 1 - (1 - w1)(1 - w2)... over the weights of the different terms found, as
    filters/lists explain them. Sexual content about minors is always dropped, and quarantined
    where it is suggestive alone or where news and help speak of it.
    """

    fields: ClassVar = "all"  # keys and carried columns are stored too
    kind: Literal["text_safety_rules"] = "text_safety_rules"
    pornography_at: float | None = Field(0.8, gt=0, le=1)  # dropped from there on; None: never
    vulgarity_at: float | None = Field(0.8, gt=0, le=1)
    offensive_at: float | None = Field(0.8, gt=0, le=1)
    quarantine_at: float = Field(0.5, gt=0, le=1)  # any of them, inclusive
    # Others are indeterminate unless a term is found.
    languages: tuple[Listed, ...] = Field(LISTED, min_length=1)

    def load(self, resources: Resources) -> Judge[Text]:
        return self  # the lists are loaded with the first text

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, text: Text) -> Verdict:
        hits = find(text.value)
        scores = _scores(hits) if hits else {}
        if scores and (decided := self._decide(scores)):
            return decided
        if not is_covered(text, self.languages):
            return indeterminate("language_unsupported", scores)
        return keep(scores) if scores else _CLEAN

    def _decide(self, scores: dict[str, float]) -> Verdict | None:
        """The verdict on what was found; None where it is below all thresholds."""
        judged = {
            "sexual_minors": _CHILDREN_DROP_AT,
            "pornography": self.pornography_at,
            "vulgarity": self.vulgarity_at,
            "offensive": self.offensive_at,
        }
        thresholds = {category: at for category, at in judged.items() if at is not None}
        for category, at in thresholds.items():
            if scores.get(category, 0) >= at:
                return drop(f"text_{category}", scores)
        for category in thresholds:
            if scores.get(category, 0) >= self.quarantine_at:
                return quarantine(f"text_{category}", scores)
        return None


def _scores(hits: Sequence[Hit]) -> dict[str, float]:
    scores = {
        "sexual_minors": max(_minors(view, hits) for view in {hit.view for hit in hits}),
        "pornography": pornography(hits),
        "vulgarity": combined((hit, hit.term.weight) for hit in hits if hit.term.kind == "vulgar"),
        "offensive": slurs(hits),
    }
    return {category: score for category, score in scores.items() if score}


def pornography(hits: Iterable[Hit]) -> float:
    """How pornographic a text is, in [0, 1]."""
    found = [hit for hit in hits if hit.term.kind == "sexual"]
    if not found:
        return 0.0
    share = _INSTRUCTIVE_SHARE if is_instructive(found[0].view) else 1.0
    return share * combined((hit, hit.term.weight) for hit in found)


def slurs(hits: Iterable[Hit]) -> float:
    """How offensive the slurs of a text are, in [0, 1]; half as much those that are mentioned."""
    return combined(
        (hit, hit.term.weight / 2 if is_mentioned(hit) else hit.term.weight)
        for hit in hits
        if hit.term.kind == "slur"
    )


def combined(weighed: Iterable[tuple[Hit, float]]) -> float:
    """1 - (1 - w1)(1 - w2)... over different terms, each with the most it weighs anywhere."""
    most: dict[str, float] = {}
    for hit, weight in weighed:
        most[hit.term.text] = max(weight, most.get(hit.term.text, 0.0))
    harmless = 1.0
    for _, weight in sorted(most.items()):
        harmless *= 1 - weight
    return 1 - harmless


def _minors(view: str, hits: Iterable[Hit]) -> float:
    """How surely one view of a text sexualises children."""
    here = [hit for hit in hits if hit.view is view]
    sexual = [hit for hit in here if hit.term.kind in ("sexual", "suggestive")]
    explicit = any(hit.term.kind == "abuse" for hit in here)
    suggestive = False
    if sexual and not explicit:
        minors = find_minors(view)
        near = [hit for hit in sexual if _is_near(hit, minors)]
        explicit = any(hit.term.weight >= 0.6 for hit in near)
        suggestive = bool(near)
    if explicit:
        return 0.6 if is_instructive(view) else 1.0
    if suggestive:
        return 0.3 if is_instructive(view) or shows_bodies(view) else 0.6
    return 0.0


def _is_near(hit: Hit, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether one of the spans, in order, is within reach of the hit."""
    after = bisect_left(spans, (hit.start, 0))
    return any(
        start - hit.end <= _NEAR_CHILDREN and hit.start - end <= _NEAR_CHILDREN
        for start, end in spans[max(after - 1, 0) : after + 1]
    )
