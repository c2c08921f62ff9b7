"""Texts get the same verdicts in a chunk, which is scanned first, as alone, without a scan."""

import re
from collections.abc import Sequence
from functools import cache
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.filters.personal_data_lines import lines
from filters import PersonalData, TextQuality, TextSafetyRules, ToxicityRules
from filters.base import Judge, TextFilter
from filters.text_analysis.ascii_form import ascii_form
from filters.text_analysis.chunk_scan import scan
from filters.text_analysis.normalization import normalize
from filters.text_analysis.recognizers.prefilter import ALL_WORDS
from filters.text_analysis.recognizers.table import RECOGNIZERS
from filters.text_analysis.term_matcher import find_terms, may_have_terms
from filters.texts.personal_data import Infotype, find_matches
from schemas.resources import Resources
from schemas.sample import Text

EVERYTHING = PersonalData(infotypes=get_args(Infotype))
FILTERS: tuple[TextFilter, ...] = (
    TextQuality(),
    TextSafetyRules(),
    ToxicityRules(),
    PersonalData(),
    EVERYTHING,
)
HARMLESS = "a photo of the red stone bridge near a river in spring"
# Texts in which a filter finds something, disguises included, or almost finds something.
FOUND = [
    *("porn", "p0rn", "PORN", "p o r n", "p.o.r.n", "p  o  r  n", "p-o-r-n", "p_o_r_n", "poooorn"),
    *("pоrn", "pórn", "free-porn", "sex_video", "sex  video", "5porn5", "porn2041", "xxx!", "!sex"),
    *("f*ck", "sh1t", "@ss hole", "a$$hole", "you are a b1tch", "kill yourself", "gas the jews"),
    *("women belong in the kitchen", "go back to where you came from", "idiot", "i will kill you"),
    *(
        "ana@example.com",
        "ana (at) example (dot) com",
        "ana [at] example.com",
        "ana at host dot com",
    ),
    *("ana_at_example.com", "ana%40example.com", "ana&#64;example.com", "ana arroba example.com"),
    *("ana chiocciola example punto com", "<b>ana</b>@example.com", r"ana\u0040example.com"),
    *("four one five five five five zero one three two", "cuatro-uno-cinco-dos-tres-siete-ocho"),
    *("4l5 738 29l6", "call 212-736-5000", "+49 30 28749136", "tel. 7365000", "536-22-1234"),
    *("AKIAIOSFODNN7EXAMPLE", "Bearer abcdefghijklmnopqrstuvwx", "curl -u ana:secret1 x"),
    *("basic abcdefghijklmnopqrstuvwx *at* x", "password: abc1defgh", "?key=abcdefg1h"),
    *("-----BEGIN PRIVATE KEY-----", "sk-abcdefghijklmnopqrstuvwx", "https://ana:pw@example.com"),
    *("ab:cd:ef:ab:cd:ef", "ab-cd-ef-ab-cd-ef", "abcd.ef01.abcd", "abcd.efab.cdef", "fe80::a"),
    *("1.2.3.4", "10.0.0.7", "born 1 may 1980", "1 Main Street", "passport no. X1234567"),
    *("DL# A123456", "GB82 WEST 1234 5698 7654 32", "AD89", "\u200b", "ß", "請", "５５５", "\x1c"),
]
PIECES = st.one_of(
    st.sampled_from(FOUND),
    st.sampled_from(
        [line.text[start:end] for line in lines(300) for _, start, end in line.planted]
    ),
    st.sampled_from(sorted(ALL_WORDS)),
    st.sampled_from(HARMLESS.split()),
    st.text(st.sampled_from("aeost019 .-_:@*!$%&<(\né–“ñ\u0301"), max_size=6),
)
TEXTS = st.builds(
    str.join, st.sampled_from([" ", "", "-", ", ", "\n"]), st.lists(PIECES, max_size=4)
)


@cache
def judge_of(number: int) -> Judge[Text]:
    return FILTERS[number].load(Resources(open=lambda path: pytest.fail(f"opens {path}")))


def check(texts: Sequence[str]) -> None:
    """Check that a chunk gets the verdicts of its texts alone, which are judged without a scan."""
    for number in range(len(FILTERS)):
        judge = judge_of(number)
        alone = [judge.judge([Text(text, "en")])[0] for text in texts]
        assert judge.judge([Text(text, "en") for text in texts]) == alone


def test_every_planted_text_is_found_in_a_chunk() -> None:
    """Planted texts are found in any case, and with harmless words on either side."""
    for text in FOUND:
        check([text, text.upper(), f"{HARMLESS} {text}", f"{text} {HARMLESS}", HARMLESS, ""])


@settings(max_examples=50)
@given(st.lists(TEXTS, min_size=4, max_size=6))
def test_verdicts_in_a_chunk_are_those_on_texts_alone(texts: list[str]) -> None:
    check(texts)


def test_the_scan_lets_most_captions_pass() -> None:
    """Captions with capitals, numbers, hyphens and brackets are found harmless by the scan."""
    captions = [
        "A photo of the red stone bridge near a river, 2019",
        "Well-known design by Anna Bell - free shipping | Home & Living",
        "White leather shoes (set of 3), size 42, for a woman and a man!",
        "Prints: 12 x 18 cm, 1080p, model WX-2041B",
    ]
    scanned = scan(captions)
    assert scanned.personal == [False] * 4
    assert scanned.digits == [4, 0, 3, 12]
    assert scanned.disguised == [False] * 4
    assert scanned.mixed == [False, False, False, True]
    assert list(may_have_terms(captions)) == [False] * 4
    for caption in captions:
        assert not find_terms(caption)
        assert not find_matches(caption, RECOGNIZERS)


def test_long_texts_and_other_scripts_are_not_scanned() -> None:
    texts = ["請", "a" * 2001, "", "ab" * 1000, "1" * 7]
    scanned = scan(texts)
    assert scanned.personal == [True, True, True, False, False]
    assert scanned.digits == [0, 0, 0, 0, 7]
    assert all(scan(["a dog"] * 3).personal)  # a scan of few texts does not pay


def test_texts_with_accents_are_scanned_in_their_ascii_form() -> None:
    texts = ["A café – “new”, 2019", "Größe 38", "pórn", "ana ät example"]
    scanned = scan(texts)
    assert scanned.personal == [False, False, False, True]
    assert scanned.digits == [4, 2, 0, 0]
    assert list(may_have_terms(texts)) == [False, False, True, False]
    # What can change the character before it, is a letter of another script, or is invisible.
    assert all(map(ascii_form, texts))
    for text in ("e\u0301", "1\u20e3", "請", "е", "a\u200bb", "\U0001f170"):
        assert not ascii_form(text)


def test_every_decimal_digit_becomes_ascii() -> None:
    """Prefilters count ASCII digits only, because normalization leaves no others."""
    digits = "".join(filter(str.isdecimal, map(chr, range(0x110000))))
    assert len(digits) > 600
    assert re.fullmatch("[0-9]+", normalize(digits).text)
