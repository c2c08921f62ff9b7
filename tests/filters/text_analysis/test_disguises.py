"""Quick tests in front of slower rules reject no text in which the slower rules find something."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.text_analysis import normalization
from filters.text_analysis.disguises import undisguised
from filters.text_analysis.normalization import NormalizedText, normalize
from filters.text_analysis.phrase_rules.attacks import ATTACKS
from filters.text_analysis.phrase_rules.pattern import PhraseRule, words_of
from filters.text_analysis.phrase_rules.slots import SLOTS
from filters.text_analysis.term_matcher import fold_text

# The plain rules, as they would be written without attention to speed.
LEET = re.compile(r"[013457@$](?:(?<=[a-z]{2}.)|(?=[a-z]{2})|(?<=[a-z].)(?=[a-z]))|!(?=[a-z])")
STRETCHED = re.compile(r"([a-z])\1\1+")
SINGLE = re.compile(r"[ .*+/|,][^\W\d_][ .*+/|,][^\W\d_](?![^\W\d_])")
PIECES = st.sampled_from(
    [
        *"aabb01!@$ .*-\0\n",
        " a b",
        ".c.d",
        "a1b",
        "$ex",
        "é",
        " ё",
        "的",
        "ооо",
        "aaa",
        "...",
        "\ud800",
    ]
)
WORDS = sorted({word for slot in SLOTS.values() for word in slot if word == word.lower()})
RULE_WORDS = sorted(
    {word for rule in ATTACKS for word in re.findall("[a-z']+", str(rule.patterns))}
)


@settings(max_examples=50)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_every_disguise_of_the_plain_rules_is_undone(text: str) -> None:
    base = fold_text(text)
    variants = [variant for variant, _ in undisguised(base, {})]
    expected = bool(LEET.search(base)) * (1 + ("1" in base or "!" in base))
    expected += 2 * bool(STRETCHED.search(base)) + bool(SINGLE.search(base))
    assert len(variants) == expected


@pytest.mark.parametrize(
    ("base", "variants"),
    [
        (" red star 1080p a55 ", []),
        (" st4r ", [" star "]),
        (" s1lver ", [" silver ", " sllver "]),
        (" staaar ", [" star ", " staar "]),
        (" s t a r ", [" red star "]),
        (" a s.t.a.r ", [" a red star "]),
        (" ... 111 ", []),
    ],
)
def test_disguises(base: str, variants: list[str]) -> None:
    unspaced = {"star": "red star"}
    assert [variant for variant, _ in undisguised(base, unspaced)] == variants


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from([*WORDS, *RULE_WORDS, "women", "gays", "are", ".", '"'])).map(" ".join)
)
def test_no_attack_is_missed_for_its_words(text: str) -> None:
    check_required_words(f" {text} ")


@pytest.mark.parametrize("rule", ATTACKS, ids=lambda rule: rule.name)
def test_the_words_of_examples_allow_a_match(rule: PhraseRule) -> None:
    for text in rule.examples:
        check_required_words(f" {text} ")
    assert not rule.may_match(frozenset(words_of("a red star near a woman")))


def check_required_words(folded: str) -> None:
    words = frozenset(words_of(folded))
    missed = [
        rule.name for rule in ATTACKS if not rule.may_match(words) and rule.regex.search(folded)
    ]
    assert not missed


@settings(max_examples=50)
@given(
    st.text(
        st.one_of(
            st.characters(exclude_categories=["Cs"]),
            st.sampled_from("ae-–\u0301\u0323각ㄱㅏｶﾞ\ufdfaﬁ①\u00a0\u200b\u00adёй’…１"),
        ),
        max_size=30,
    )
)
def test_characters_replaced_one_by_one_equal_clusters(text: str) -> None:
    clusters = normalization._clusters()(text)
    replacements = ((match.span(), normalization._cluster(match[0])) for match in clusters)
    plain = normalization.replace_spans(NormalizedText(text), replacements)
    quick = normalize(text)
    assert quick.text == plain.text
    for index in range(len(quick.text)):
        assert quick.span(index, index + 1) == plain.span(index, index + 1)
