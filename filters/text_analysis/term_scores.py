"""Scores of a text from the terms matched in it, each in [0, 1]."""

from collections.abc import Iterable

from filters.text_analysis.factual_context import (
    is_about_art_or_medicine,
    is_about_health_or_language,
    is_about_pornography,
    is_instructive,
)
from filters.text_analysis.term_context import is_mentioned
from filters.text_analysis.term_matcher import TermMatch

# News, education and medicine also write about sex: 0.9 becomes 0.6, which is quarantined.
_FACTUAL_FACTOR = 2 / 3
# Terms that name pornography as a topic: guides, laws and essays use them too.
_TOPICS = frozenset(
    ("porn", "porno", "pornos", "pornography", "pornographic", "pornografie", "pornografía"),
).union(
    ("pornographie", "pornografia", "порно", "порнография", "色情", "ポルノ", "porn site"),
    (
        "porn star",
        "porn stars",
        "pornstar",
        "pornstars",
        "adult film",
        "adult films",
        "adult film star",
    ),
    ("adult movie", "adult movies", "adult video", "adult videos", "sex tape", "porn video"),
)
_NEAR_PERFORMER = 60  # characters between a performer and an act, inclusive


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
    """Return the combined weights of the sexual terms, and of hints and acts that count.

    A hint counts in a text with a setting, an act within 60 characters of a performer.

    In a text of news, law, help, education, art, medicine or language, the score is two thirds of
    that.
    """
    matches = tuple(matches)
    settings = [match for match in matches if match.term.kind == "setting"]
    performers = [match for match in matches if match.term.kind == "performer"]
    sexual = [
        match
        for match in matches
        if match.term.kind == "sexual"
        or (match.term.kind == "hint" and any(_is_elsewhere(each, match) for each in settings))
        or (match.term.kind == "act" and any(_is_near(each, match) for each in performers))
    ]
    if not sexual:
        return 0.0
    variant = sexual[0].variant
    is_factual = (
        is_instructive(variant)
        or is_about_art_or_medicine(variant)
        or is_about_health_or_language(variant)
        or (is_about_pornography(variant) and _are_topics(sexual))
    )
    factor = _FACTUAL_FACTOR if is_factual else 1.0
    return factor * combine((match, match.term.weight) for match in sexual)


def _are_topics(sexual: Iterable[TermMatch]) -> bool:
    """Return whether all sexual terms name pornography as a topic."""
    return all(match.term.text in _TOPICS for match in sexual)


def slur_score(matches: Iterable[TermMatch]) -> float:
    """Return the combined weights of the slurs; a slur that is only mentioned counts half."""
    return combine(
        (match, match.term.weight / 2 if is_mentioned(match) else match.term.weight)
        for match in matches
        if match.term.kind == "slur"
    )


def _is_near(performer: TermMatch, act: TermMatch) -> bool:
    gap = max(act.start - performer.end, performer.start - act.end)
    return gap <= _NEAR_PERFORMER and _is_elsewhere(performer, act)


def _is_elsewhere(setting: TermMatch, hint: TermMatch) -> bool:
    """Return whether a setting is beside a hint in one variant of the text: a term is not both."""
    return setting.variant == hint.variant and (
        setting.end <= hint.start or hint.end <= setting.start
    )
