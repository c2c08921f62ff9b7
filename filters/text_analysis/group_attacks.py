"""Scores attacks on groups of people in a text, apart from reports and rejections of attacks."""

import re
from collections.abc import Iterable
from functools import cache
from itertools import islice

from filters.text_analysis.phrase_rules.attacks import ATTACKS
from filters.text_analysis.phrase_rules.nouns_after import ALSO_ADJECTIVES, NO_NOUNS, THINGS
from filters.text_analysis.phrase_rules.pattern import PhraseRule, words_of
from filters.text_analysis.phrase_rules.reports import AFTER, AROUND, BEFORE, ENDORSED
from filters.text_analysis.phrase_rules.slots import SLOTS
from filters.text_analysis.phrase_rules.sports import (
    NATIONS,
    NEVER_SPORTS,
    SCORE,
    SPORTS_SIGNS,
    SPORTS_TALK,
)

_WINDOW = 120  # characters around an attack in which a report, a rejection or sports count
_MOST_ATTACKS = 32  # of one text that are looked at
_CONNECTION = r"""[ ,:;"“”«»'‘’()—–-]*(?:(?:the|all|les|los|las|die|alle|gli|os|as) )?"""
_OPENING, _CLOSING = re.compile(r"""["“”«„](?=[^"“”«»„]*$)"""), re.compile(r"""["”»“]""")
LOOSE = frozenset(("loose_contempt",))  # rules that any word of rejection in the text voids
_DISTANCE = re.compile(r"\b(?:not|no|never|none|\w+n't|without|against|stop|nobody)\b")
_GENDERS = frozenset(SLOTS["GENDER"])
_GROUPS = frozenset(SLOTS["GROUP"])
_CONTRACTION = re.compile(r"\b(i|we|you|they|he|she)'(ll|d|ve)\b|\b(you|they)'(re)\b")
_WRITTEN_OUT = {"ll": "will", "d": "would", "ve": "have", "re": "are"}
_PASSIVE_REPORT = re.compile(
    r"\b(?:was|were|been|being|are|is) (?:often |still |always |also )?(?:told|called|said|accused|"
    r"described|portrayed|treated|branded|compared|labell?ed|seen|considered|supposed|thought)\b"
)
_NEXT_WORD = re.compile(r" ?([\w'’]+)")


def attack_score(folded: str, anchors: Iterable[str]) -> float:
    """Return the highest score of the attacks on groups in a folded text; 0 without any.

    `anchors` are the terms of the kind "attack" in the text: only rules that have one of them are
    tried. An attack that others are said to make, or that the writer rejects, scores 0. One in
    quotation marks scores at most 0.6, because nobody says what the writer means by it.
    """
    if "'" in folded:
        folded = _CONTRACTION.sub(_written_out, folded)
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
    if _is_no_attack(attack, before, after):
        return 0.0
    outside = f"{before} ; {after}"
    if (rule.name in LOOSE and _is_distanced(outside, attack)) or any(
        _is_reported(each, attack) for each in _around_endorsement(before)
    ):
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


def _written_out(match: re.Match[str]) -> str:
    return f"{match[1] or match[3]} {_WRITTEN_OUT[match[2] or match[4]]}"


def _is_distanced(outside: str, attack: str) -> bool:
    """Return whether the text around an attack rejects or reports, or the attack denies."""
    return bool(_DISTANCE.search(attack)) or any(rule.regex.search(outside) for rule in AROUND)


def _is_no_attack(attack: str, before: str, after: str) -> bool:
    """Return whether what looks like an attack is a report, about a thing, or about sports."""
    return (
        _PASSIVE_REPORT.search(attack) is not None
        or _names_a_thing(attack, after)
        or _is_about_sports(attack, f"{before}{attack}{after}")
    )


def _names_a_thing(attack: str, after: str) -> bool:
    """Return whether the attack ends with a group after which a thing is named."""
    following = _NEXT_WORD.match(after)
    if following is None or following[1] in NO_NOUNS:
        return False
    words = attack.split(" ")
    last = {words[-1], " ".join(words[-2:])}
    if not last.isdisjoint(ALSO_ADJECTIVES):
        return True
    return following[1] in THINGS and not last.isdisjoint(_GROUPS)


def _is_about_sports(attack: str, around: str) -> bool:
    """Return whether a nation is beaten or scolded as one is in sports."""
    nation, talk, sign, never = _sports()
    return bool(
        nation.search(attack)
        and talk.search(attack)
        and sign.search(around)
        and not never.search(around)
    )


@cache
def _sports() -> tuple[re.Pattern[str], ...]:
    lists = (NATIONS, SPORTS_TALK, SPORTS_SIGNS, NEVER_SPORTS)
    words = [rf"\b(?:{'|'.join(map(re.escape, each))})\b" for each in lists]
    words[2] += f"|{SCORE}"
    return tuple(map(re.compile, words))


def _around_endorsement(before: str) -> tuple[str, ...]:
    """Split the text before an attack at the last phrase by which the writer agrees with it."""
    endorsements = list(_endorsed().finditer(before))
    if not endorsements:
        return (before,)
    last = endorsements[-1]
    return before[: last.start()], before[last.end() :]


def _is_reported(before: str, attack: str) -> bool:
    """Return whether the text before an attack ends with a report or rejection of it."""
    return any(
        regex.search(before)
        for report, regex in _reports_before()
        if report.name != "some_persons" or attack.split(" ", 1)[0] in _GENDERS
    )


@cache
def _endorsed() -> re.Pattern[str]:
    return re.compile("|".join(rule.regex.pattern for rule in ENDORSED))


@cache
def _reports_before() -> tuple[tuple[PhraseRule, re.Pattern[str]], ...]:
    return tuple((rule, re.compile(f"(?:{rule.regex.pattern}){_CONNECTION}$")) for rule in BEFORE)


@cache
def _after() -> re.Pattern[str]:
    patterns = "|".join(rule.regex.pattern for rule in AFTER)
    return re.compile(rf"""[ ,:;.!?…"“”«»'‘’()—–-]*(?:{patterns})""")
