"""The examples beside the phrase rules, and how often sentences of each category are flagged."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.filters.toxicity_sentences import ATTACK, DATA, FILES, sentences
from filters import ToxicityRules
from filters.text_analysis.group_attacks import attack_score
from filters.text_analysis.phrase_rules.attacks import ATTACKS
from filters.text_analysis.phrase_rules.pattern import PhraseRule, compile_pattern
from filters.text_analysis.phrase_rules.reports import AFTER, AROUND, BEFORE, ENDORSED
from filters.text_analysis.phrase_rules.slots import GROUP_SIGNS, SLOTS
from filters.text_analysis.phrase_rules.slots_of_languages import GROUP_SIGNS_IN_LANGUAGES
from filters.text_analysis.term_lists import slurs
from schemas.resources import Resources
from schemas.sample import Text

REPORTS = (*BEFORE, *AFTER, *AROUND)
JUDGE = ToxicityRules().load(Resources(open=lambda path: pytest.fail(f"to be read: {path}")))


def is_flagged(text: str) -> bool:
    (verdict,) = JUDGE.judge([Text(text, "en")])
    return verdict.action in ("drop", "quarantine")


@pytest.mark.parametrize("rule", ATTACKS, ids=lambda rule: rule.name)
def test_attacks_and_what_resembles_them(rule: PhraseRule) -> None:
    assert not [text for text in rule.examples if not is_flagged(text)]
    assert not [text for text in rule.counterexamples if is_flagged(text)]
    assert not [text for text in rule.examples if not rule.regex.search(f" {text} ")]
    assert rule.score >= 0.5


@pytest.mark.parametrize("rule", REPORTS, ids=lambda rule: rule.name)
def test_reports_and_rejections_of_attacks(rule: PhraseRule) -> None:
    assert not [text for text in rule.examples if is_flagged(text)]
    assert not [text for text in rule.counterexamples if not is_flagged(text)]


@pytest.mark.parametrize("rule", ENDORSED, ids=lambda rule: rule.name)
def test_attacks_that_the_writer_agrees_with(rule: PhraseRule) -> None:
    assert not [text for text in rule.examples if not is_flagged(text)]
    assert not [text for text in rule.counterexamples if is_flagged(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Dirty Arabs horse after the mud race",
        "Burn the French toast on both sides",
        "Throw out the Chinese cabbage if it smells",
        "Hang an Indian rug on the wall",
        "Poland beat Germany 2-0: the Germans are losers tonight",
        "The Italians are useless without their goalkeeper",
        "Our team will crush the Koreans on Friday",
        "Elderly people should not live alone without an alarm",
        "Asylum seekers must leave the hotel by Monday",
        "Jews were told that they should leave the country",
    ],
)
def test_things_sports_advice_and_passive_reports_are_no_attacks(text: str) -> None:
    assert not is_flagged(text)


@pytest.mark.parametrize(
    "text",
    [
        "Burn the French",
        "Throw out the Chinese, all of them",
        "Hang an Indian",
        "The Germans are vermin, whoever wins the match",
        "Refugees are useless, and so is our team",
        "Elderly people should not live here",
        "Asylum seekers must leave",
        "I'll shoot the next Muslim I see",
    ],
)
def test_attacks_that_resemble_things_sports_and_advice(text: str) -> None:
    assert is_flagged(text)


def shares_flagged(*paths: Path) -> dict[str, float]:
    seen: Counter[str] = Counter()
    flagged: Counter[str] = Counter()
    for path in paths:
        for category, text in sentences(path):
            seen[category] += 1
            flagged[category] += is_flagged(text)
    return {category: flagged[category] / count for category, count in seen.items()}


def test_categories_of_sentences() -> None:
    share = shares_flagged(*FILES)
    assert share.pop(ATTACK) >= 0.9
    assert max(share.values()) <= 0.08


def test_sentences_by_somebody_who_had_not_seen_the_rules() -> None:
    share = shares_flagged(DATA / "held_out_sentences.tsv")
    assert share.pop(ATTACK) >= 0.93  # 0.52 before rules were added for these sentences
    assert max(share.values()) <= 0.08


@pytest.mark.parametrize("half", ["seen", "held_out"])
def test_sentences_of_a_half_that_their_digest_decides(half: str) -> None:
    file = DATA / f"third_sentences_{half}.tsv"
    _, *lines = file.read_text(encoding="utf-8").splitlines()
    texts = [line.partition("\t")[2] for line in lines]
    first_bytes = [hashlib.sha256(text.encode()).digest()[0] for text in texts]
    assert {first % 2 for first in first_bytes} == {0 if half == "seen" else 1}
    share = shares_flagged(file)
    assert share.pop(ATTACK) >= 0.88  # 0.24 and 0.48 before
    assert max(share.values()) <= 0.02


def test_sentences_written_to_be_mistaken_for_attacks() -> None:
    share = shares_flagged(DATA / "third_sentences_after.tsv")
    assert share.pop("counter") <= 0.02  # 0.38 before
    assert share.pop("harmless") <= 0.02  # 0.33 before
    assert share.keys() == {ATTACK}


@pytest.mark.parametrize("group", GROUP_SIGNS[:-3])
def test_a_group_alone_is_no_attack(group: str) -> None:
    for text in (
        f"{group} at a festival",
        f"we are {group}",
        f"a book about {group}",
        f"I love {group}",
    ):
        assert not is_flagged(text)


@pytest.mark.parametrize(
    ("pattern", "found", "not_found"),
    [
        ("red star", ["a red star", 'red, "star"'], ["red. star", "red blue star", "redstar"]),
        ("red ..2 star", ["red star", "red a b star"], ["red a b c star"]),
        ("red ...2 star", ["red. star", "red! a b star"], ["red a b c star"]),
        ("red? star", ["star", "red star"], ["stars"]),
        ("red big*2 star", ["red star", "red big big star"], ["red big big big star"]),
        ("red|blue star", ["red star", "blue star"], ["green star"]),
        ("^ star", ["star", "so. star", '"star"'], ["a star"]),
        ("red . star", ["red. star", "red, star", "red ... star"], ["red star", "red. a star"]),
        ("red star .", ["red star", "red star!", '"red star"'], ["red star here"]),
        ("COLOR star", ["dark red star", "blue star"], ["dark star"]),
        ("men", ["men", "'men'"], ["men's", "women", "men' shoes"]),
    ],
)
def test_patterns(pattern: str, found: list[str], not_found: list[str]) -> None:
    slots = {"COLOR": ("blue", "SHADE red"), "SHADE": ("dark", "light")}
    rule = PhraseRule("made", (pattern,), (), (), slots=slots)
    assert not [text for text in found if not rule.regex.search(f" {text} ")]
    assert not [text for text in not_found if rule.regex.search(f" {text} ")]


@pytest.mark.parametrize("pattern", ["red? blue*3", "NOWHERE star", "star**2"])
def test_senseless_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"star|slot|missing"):
        compile_pattern(pattern, SLOTS)


@pytest.mark.parametrize("piece", ["women are ", "gays all just so ", "jews, they. ", '"kill all '])
def test_a_long_text_takes_linear_time(piece: str) -> None:
    anchors = frozenset[str]().union(*(rule.anchor_words for rule in ATTACKS))
    attack_score(f" {piece * (20_000 // len(piece))}", anchors)  # quadratic: hits --timeout


def test_a_group_alone_is_no_attack_in_other_languages() -> None:
    assert not [
        group
        for group in set(GROUP_SIGNS_IN_LANGUAGES) - {term.text for term in slurs.TERMS}
        if is_flagged(f"{group} 2019") or is_flagged(f"{group}, {group}")
    ]
