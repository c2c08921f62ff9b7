"""Scores attacks on groups of people in a text, apart from reports and rejections of attacks."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import islice

from filters.text_analysis.phrase_rules.attacks import ATTACKS
from filters.text_analysis.phrase_rules.pattern import PhraseRule, words_of
from filters.text_analysis.phrase_rules.reports import AFTER, AROUND, BEFORE
from filters.text_analysis.phrase_rules.slots import SLOTS

_WINDOW = 120  # characters around an attack in which a report or a rejection counts
_MOST_ATTACKS = 32  # of one text that are looked at
_CONNECTION = r"""[ ,:;"“”«»'‘’()—–-]*"""
_OPENING, _CLOSING = re.compile(r"""["“”«„](?=[^"“”«»„]*$)"""), re.compile(r"""["”»“]""")
_GENDERS = frozenset(SLOTS["GENDER"])


def attack_score(folded: str, anchors: Iterable[str]) -> float:
    """Return the highest score of the attacks on groups in a folded text; 0 without any.

    `anchors` are the terms of the kind "attack" in the text: only rules that have one of them are
    tried. An attack that others are said to make, or that the writer rejects, scores 0. One in
    quotation marks scores at most 0.6, because nobody says what the writer means by it.
    """
    numbers = {number for anchor in anchors for number in _rules_by_anchor().get(anchor, ())}
    highest = 0.0
    words = frozenset(words_of(folded))
    for rule in (ATTACKS[number] for number in sorted(numbers)):
        if rule.score <= highest or not rule.may_match(words):
            continue
        for match in islice(rule.regex.finditer(folded), _MOST_ATTACKS):
            highest = max(highest, _score_in_context(rule, folded, match.start(), match.end()))
    return highest


@cache
def _rules_by_anchor() -> dict[str, tuple[int, ...]]:
    """Return the numbers of the rules of each anchor and of the anchors inside it.

    Of several anchors that overlap in a text, only the longest one is matched.
    """
    words = frozenset[str]().union(*(rule.anchor_words for rule in ATTACKS))
    return {
        word: tuple(
            number
            for number, rule in enumerate(ATTACKS)
            if not rule.anchor_words.isdisjoint(_phrases_in(word))
        )
        for word in words
    }


def _phrases_in(phrase: str) -> set[str]:
    words = phrase.split(" ")
    ends = range(1, len(words) + 1)
    return {" ".join(words[start:end]) for end in ends for start in range(end)}


def _score_in_context(rule: PhraseRule, folded: str, start: int, end: int) -> float:
    before, after = folded[max(start - _WINDOW, 0) : start], folded[end : end + _WINDOW]
    attack = folded[start:end]
    for report, regex in _reports_before():
        if report.name == "some_persons" and attack.split(" ", 1)[0] not in _GENDERS:
            continue
        if regex.search(before):
            return 0.0
    if _after().match(after):
        return 0.0
    opening, closing = _OPENING.search(before), _CLOSING.search(after)
    if opening and closing:
        outside = f"{before[: opening.start()]} ; {after[closing.end() :]}"
        if any(each.regex.search(outside) for each in AROUND):
            return 0.0
        if re.search(r"\w", outside):
            return min(rule.score, 0.6)
    return rule.score


@cache
def _reports_before() -> tuple[tuple[PhraseRule, re.Pattern[str]], ...]:
    return tuple((rule, re.compile(f"(?:{rule.regex.pattern}){_CONNECTION}$")) for rule in BEFORE)


@cache
def _after() -> re.Pattern[str]:
    patterns = "|".join(rule.regex.pattern for rule in AFTER)
    return re.compile(rf"""[ ,:;.!?…"“”«»'‘’()—–-]*(?:{patterns})""")
