"""The notation of term lists, and that the lists agree with each other."""

from collections import Counter

import pytest

from filters import TextSafetyRules
from filters.text_analysis.term_lists import (
    sexual,
    sexual_acts,
    sexual_classes,
    sexual_plain,
    spam_hints,
    vulgar,
)
from filters.text_analysis.term_lists.term import Term, terms
from schemas.resources import Resources
from schemas.sample import Text

SEXUAL = (
    *(sexual.TERMS + sexual_acts.TERMS + sexual_classes.TERMS),
    *(sexual_plain.TERMS + spam_hints.TERMS),
)
LONG_LISTS = sexual_acts.TERMS + sexual_plain.TERMS + spam_hints.TERMS + vulgar.TERMS


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("sex clip", ["sex clip"]),
        ("sex clip(|s)", ["sex clip", "sex clips"]),
        ("(a|b) c (d|)e", ["a c de", "a c e", "b c de", "b c e"]),
        ("a(b|c), d", ["ab", "ac", "d"]),
    ],
)
def test_alternatives_in_parentheses(pattern: str, texts: list[str]) -> None:
    assert [term.text for term in terms("vulgar", 0.6, en=pattern)] == texts


def test_terms_are_in_lower_case_and_have_single_spaces() -> None:
    assert not [term for term in LONG_LISTS if term.text != " ".join(term.text.lower().split())]


@pytest.mark.parametrize("listed", [SEXUAL, vulgar.TERMS], ids=["sexual", "vulgar"])
def test_no_term_has_two_weights_in_one_language(listed: tuple[Term, ...]) -> None:
    weights = Counter[tuple[str, str, str]]()
    for text, kind, language, _ in {_fields(term) for term in listed}:
        weights[text, kind, language] += 1
    assert not [spelling for spelling, count in weights.items() if count > 1]


@pytest.mark.parametrize("listed", [SEXUAL, vulgar.TERMS], ids=["sexual", "vulgar"])
def test_no_term_hides_a_stronger_one_inside_it(listed: tuple[Term, ...]) -> None:
    """The longest of several terms of a kind counts, so a longer one must not weigh less."""
    hiding = {
        longer.text
        for longer in listed
        for term in listed
        if longer.weight < term.weight
        and longer.kind == term.kind
        and longer.language in (term.language, "any")
        and _contains(longer, term)
    }
    assert hiding <= {"クンニリングス"}  # clinical, and the shorter one is slang


def _contains(longer: Term, term: Term) -> bool:
    if term.language in ("zh", "ja"):  # without spaces
        return term.text in longer.text
    return f" {term.text} " in f" {longer.text} "


def _fields(term: Term) -> tuple[str, str, str, float]:
    return term.text, term.kind, term.language, term.weight


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A busty blonde gets spanked", "text_pornography"),
        ("The blonde wife of the chess champion", ""),
        ("The piano gets spanked in the ad", ""),
        (f"A blonde {'and a long day at the sea ' * 3} gets spanked", ""),  # too far away
        ("Woman wearing a strap on bag at the market", ""),
        ("Man carrying a huge load of hay", ""),
        ("A woman pegging laundry on the line", ""),
        ("Police escorts the women to the court", ""),
        ("Der Wind bläst über die Dünen", ""),
        ("Petite chatte grise dans le jardin", ""),
        ("หีบไม้โบราณ", ""),
        ("A secretary takes it from behind", "text_pornography"),
        ("Hausfrau, von hinten genommen", "text_pornography"),
        ("La secretaria se desnuda ante la webcam", "text_pornography"),
        ("A picture of the church, taken from behind", ""),
        ("La moglie si spoglia davanti al medico", ""),
    ],
)
def test_acts_count_near_words_for_persons(text: str, reason: str) -> None:
    judge = TextSafetyRules().load(Resources(open=lambda path: path.open("rb")))
    (verdict,) = judge.judge([Text(text)])
    assert verdict.reason in (reason, "language_unsupported")
    assert verdict.scores.keys() <= ({"pornography"} if reason else set())
