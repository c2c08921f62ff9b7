"""Scores of a text from the terms matched in it, each in [0, 1]."""

from collections.abc import Iterable

from filters.text_analysis.term_context import (
    is_about_art_or_medicine,
    is_instructive,
    is_mentioned,
)
from filters.text_analysis.term_matcher import TermMatch

# News, education and medicine also write about sex: 0.9 becomes 0.6, which is quarantined.
_FACTUAL_FACTOR = 2 / 3


def combine(weighted: Iterable[tuple[TermMatch, float]]) -> float:
    """Return 1 - (1 - w1)(1 - w2)... over different terms.

    The weight of a term is the highest weight of its matches.
    """
    highest: dict[str, float] = {}
    for match, weight in weighted:
        highest[match.term.text] = max(weight, highest.get(match.term.text, 0.0))
    complement = 1.0
    for _, weight in sorted(highest.items()):
        complement *= 1 - weight
    return 1 - complement


def vulgarity_score(matches: Iterable[TermMatch]) -> float:
    """Return the combined weights of the vulgar terms."""
    return combine((match, match.term.weight) for match in matches if match.term.kind == "vulgar")


def pornography_score(matches: Iterable[TermMatch]) -> float:
    """Return the combined weights of the sexual terms.

    In a text of news, law, help, education, art or medicine, the score is two thirds of that.
    """
    sexual = [match for match in matches if match.term.kind == "sexual"]
    if not sexual:
        return 0.0
    variant = sexual[0].variant
    is_factual = is_instructive(variant) or is_about_art_or_medicine(variant)
    factor = _FACTUAL_FACTOR if is_factual else 1.0
    return factor * combine((match, match.term.weight) for match in sexual)


def slur_score(matches: Iterable[TermMatch]) -> float:
    """Return the combined weights of the slurs; a slur that is only mentioned counts half."""
    return combine(
        (match, match.term.weight / 2 if is_mentioned(match) else match.term.weight)
        for match in matches
        if match.term.kind == "slur"
    )
