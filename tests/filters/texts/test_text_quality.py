"""Both sides of every bound; words are counted alike in many scripts."""

import string
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters import TextQuality
from filters.texts.text_quality import _JOINED, _WORD
from schemas.sample import Text
from schemas.verdict import Verdict


def judged(text: str, **bounds: float) -> Verdict:
    (verdict,) = TextQuality.model_validate(bounds).judge([Text(text)])
    return verdict


@pytest.mark.parametrize(
    ("bounds", "text", "reason"),
    [
        ({"min_words": 3}, "a red star", ""),
        ({"min_words": 3}, "a star", "text_too_short"),
        ({"max_words": 3}, "a red star", ""),
        ({"max_words": 3}, "a very red star", "text_too_long"),
        ({"min_characters": 6}, " red ox ", ""),
        ({"min_characters": 6}, "  red x  ", "text_too_short"),
        ({"max_characters": 6}, " red ox ", ""),
        ({"max_characters": 6}, "red oxe", "text_too_long"),
        ({"max_repetition": 0.5}, "sale today sale tomorrow", ""),
        ({"max_repetition": 0.49}, "sale today sale tomorrow", "text_repetitive"),
        ({"max_repetition": 0.5}, "sale sale SALE now", "text_repetitive"),
        ({"repetition_from": 4}, "no no no", ""),
        ({"repetition_from": 3}, "no no no", "text_repetitive"),
        ({}, "", "text_too_short"),
        ({}, "…!? —", "text_too_short"),
        ({"min_words": 0, "min_characters": 0}, "", ""),
    ],
)
def test_bounds_are_inclusive(bounds: dict[str, float], text: str, reason: str) -> None:
    verdict = judged(text, **bounds)
    assert verdict.reason == reason
    assert verdict.action == ("drop" if reason else "keep")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("un círculo rojo", 3),
        ("красная звезда, синий круг", 4),
        ("κόκκινο αστέρι", 2),
        ("हिन्दी में एक लाल तारा।", 5),
        ("একটি লাল তারা", 3),
        ("ఎరుపు నక్షత్రం", 2),
        ("می‌خواهم ستاره", 2),
        ("كِتابٌ أحمر", 2),
        ("בְּרֵאשִׁית ברא", 2),
        (unicodedata.normalize("NFD", "ngôi sao màu đỏ"), 4),
        ("빨간 별", 2),
        ("赤い星", 3),
        ("红色的星星", 5),
        ("IMG_2041.JPG", 2),
        ("Man_with_Horse_Head_Mask", 5),
        ("red__star 4_x", 3),
        ("красная_звезда", 2),
        ("ภาพรถ", 5),
        ("ภาพนี้", 4),
        ("ຮູບພາບ", 5),
        ("ថតរូប", 4),
        ("ဓာတ်ပုံ", 3),
        ("か\u3099る", 2),
        ("\U00020000\U00020001", 2),
        ("собака", 2),
        ("강아지", 2),
        ("कुत्ता", 2),
        ("كلب", 2),
        ("dog", 1),
        ("σκύλος", 1),
        ("chó", 1),
        ("\u0301 \u200d ्", 0),
    ],
)
def test_words_of_many_scripts(text: str, words: int) -> None:
    assert judged(text).scores["words"] == words


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("狗追鹿。", ""),
        ("犬が走る", ""),
        ("犬", "text_too_short"),
        ("Мотоциклист", ""),
        ("кот", "text_too_short"),
        ("Motorcyclist", "text_too_short"),
        ("IMG_2041", "text_too_short"),
    ],
)
def test_short_captions_of_many_scripts(text: str, reason: str) -> None:
    assert judged(text).reason == reason


@given(st.text(st.characters(codec="utf-8")))
def test_wide_characters_count_as_two(text: str) -> None:
    characters = judged(text).scores["characters"]
    assert len(text.strip()) <= characters <= 2 * len(text.strip())
    letters = [each for each in text.strip() if unicodedata.category(each).startswith("L")]
    wide = sum(unicodedata.east_asian_width(each) in "WF" for each in letters)
    assert characters - len(text.strip()) >= wide


def test_kept_and_dropped_items_have_scores() -> None:
    scores = {"words": 4, "characters": 16, "repetition": 0.5}
    assert judged("star, moon, star", min_words=1).scores["repetition"] == pytest.approx(2 / 3)
    assert judged("Star sun star ox", max_words=9).scores == scores
    assert judged("Star sun star ox", max_words=3).scores == scores


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    scores = judged(text).scores
    assert 0 <= scores["repetition"] <= 1
    assert scores["words"] <= max(scores["characters"], 2 * bool(text.strip()))


@given(
    st.text() | st.text(string.printable) | st.lists(st.sampled_from(["a", "b", "A_", "1", "a."]))
)
def test_ascii_is_judged_by_the_rule_for_all_scripts(made: str | list[str]) -> None:
    text = (made if isinstance(made, str) else " ".join(made)).strip()
    words = _WORD.findall(_JOINED.sub(" ", text.lower()))
    share = max(Counter(words).values(), default=0) / max(len(words), 1)
    if text.isascii():
        scores = {"words": len(words), "characters": len(text), "repetition": share}
        assert judged(text).scores == scores


@pytest.mark.parametrize("unit", ["words", "characters"])
def test_bounds_that_drop_everything_are_refused(unit: str) -> None:
    with pytest.raises(ValidationError, match=f"min_{unit} is above max_{unit}"):
        TextQuality.model_validate({f"min_{unit}": 9, f"max_{unit}": 8})
