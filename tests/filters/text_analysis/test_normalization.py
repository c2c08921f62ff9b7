"""Equivalent texts normalize to the same text, and spans map back to the exact original."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.text_analysis.normalization import NormalizedText, fold_confusables, normalize

IGNORABLE = "\u00ad\u200b\u200c\u200d\u2060\ufe0f\ufeff\u3164\U000e0041"
# Ordinary characters, and characters that normalization moves, merges, expands or removes.
CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"]),
    st.sampled_from("aeoe1٣３-–−.\u0301\u0323\u0308\u3099각가ㄱㅏｶﾞ가\ufdfaﬁ①½\u00a0\u3000 \nсеоВ"),
    st.sampled_from(IGNORABLE),
)
TEXTS = st.text(CHARACTERS, max_size=40)


def without_ignorable(text: str) -> str:
    return "".join(char for char in text if normalize(char).text)


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("", ""),
        ("Plain ASCII\t- 1\n", "Plain ASCII\t- 1\n"),
        ("１２３ ٤٥٦ ७८९ 𝟘", "123 456 789 0"),
        ("1‐2‑3‒4–5—6−7﹣8－9", "1-2-3-4-5-6-7-8-9"),
        ("a\u00a0b\u2009c\u3000d\u2028e", "a b c d\ne"),
        ("4\u200b1\u20601\ufeff1\u00ad1", "41111"),
        ("ｊｏｅ＠ｅｘ．ｃｏｍ", "joe@ex.com"),
        ("caf\u0065\u0301", "caf\u00e9"),
        ("e\u200d\u0301", "\u00e9"),
        ("각 ᄀ ㄱㅏ ｶﾞ", "각 ᄀ 가 ガ"),
        ("ﬁ ½", "fi 1⁄2"),
        ("हिन्दी ไทย 日本語 한국어", "हिन्दी ไทย 日本語 한국어"),
    ],
)
def test_normalization(text: str, normalized: str) -> None:
    assert normalize(text).text == normalized


@pytest.mark.parametrize(
    ("text", "matched", "original"),
    [
        ("call 1234 now", "1234", "1234"),
        ("call 1\u200b2\u200d34\u200b now", "1234", "1\u200b2\u200d34"),
        ("\u200b12", "12", "12"),
        ("\ufdfa 12 \ufdfa", "12", "12"),
        ("xﬁ12", "i12", "ﬁ12"),  # a whole character where a part of it matched
        ("e\u0301 12 e\u0301", "12", "12"),
        ("e\u0301 12 e\u0301", "\u00e9 12", "e\u0301 12"),
        ("１\u200b２３", "23", "２３"),
    ],
)
def test_spans_map_back(text: str, matched: str, original: str) -> None:
    normalized = normalize(text)
    start = normalized.text.index(matched)
    first, after = normalized.span(start, start + len(matched))
    assert text[first:after] == original


def test_every_code_point_that_should_change_does() -> None:
    for char in map(chr, range(0x80, sys.maxunicode + 1)):
        kind = unicodedata.category(char)
        if kind == "Cs":
            continue
        composed = unicodedata.normalize("NFKC", char)
        if composed != char or kind in ("Nd", "Pd", "Zs", "Zl", "Zp") or char in IGNORABLE:
            once = normalize(char).text
            assert once != char
            assert once == normalize(composed).text == normalize(once).text


@given(TEXTS)
def test_the_result_is_nfkc_of_the_whole_text(text: str) -> None:
    composed = unicodedata.normalize("NFKC", without_ignorable(text))
    assert normalize(text).text == "".join(normalize(char).text for char in composed)


@given(TEXTS)
def test_normalizing_twice_changes_nothing(text: str) -> None:
    once = normalize(text).text
    assert normalize(once).text == once


@given(TEXTS)
def test_all_unicode_normal_forms_give_the_same_text(text: str) -> None:
    text = without_ignorable(text)
    forms = {normalize(unicodedata.normalize(form, text)).text for form in ("NFKC", "NFKD")}
    assert forms == {normalize(text).text}


@given(TEXTS, st.data())
def test_a_span_covers_exactly_the_match(text: str, data: st.DataObject) -> None:
    for normalized, again in (
        (normalize(text), normalize),
        (fold_confusables(normalize(text)), lambda piece: fold_confusables(normalize(piece))),
    ):
        size = len(normalized.text)
        start = data.draw(st.integers(0, size))
        end = data.draw(st.integers(start, size))
        first, after = normalized.span(start, end)
        assert 0 <= first <= after <= len(text)
        if start == end:
            assert first == after
            continue
        # With one character less on either side, the match is no longer whole.
        assert normalized.span(start, start + 1)[0] == first
        assert normalized.span(end - 1, end)[1] == after
        if again is normalize:
            assert normalized.text[start:end] in again(text[first:after]).text


@given(TEXTS)
def test_the_spans_of_all_characters_cover_all_that_is_not_ignorable(text: str) -> None:
    normalized = normalize(text)
    covered = bytearray(len(text))
    before = 0
    for index in range(len(normalized.text)):
        first, after = normalized.span(index, index + 1)
        assert first < after
        assert first >= before or normalized.span(index - 1, index) == (first, after)
        covered[first:after] = b"\1" * (after - first)
        before = after
    for char, is_supported in zip(text, covered, strict=True):
        assert is_supported or char in IGNORABLE or not normalize(char).text


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème BRÛLÉE", "creme brulee"),
        ("STRASSE Straße", "strasse strasse"),
        ("Ørsted Łódź İstanbul ısı", "orsted lodz istanbul isi"),
        ("s\u0330\u0350e\u0301\u0327x\u0334\u0335", "sex"),
        ("sеx рhone Ноt", "sex phone hot"),  # Cyrillic е; р; Н and о
        ("Αpple", "apple"),  # Greek Alpha
        ("сор хор Москва", "сор хор москва"),  # Russian words stay
        ("Straßenbahn в Омске", "strassenbahn в омске"),
        ("🅵🆄🅽 ⓕⓤⓝ 𝖋𝖚𝖓 ᴇᴠɪʟ", "fun fun fun evil"),
        ("كِتابٌ كـــتاب", "كتاب كتاب"),
        ("शब्द हिन्दी", "शब्द हिन्दी"),
        ("각 が パ", "각 が パ"),
        ("p0rn $ex", "p0rn $ex"),
    ],
)
def test_folding(text: str, folded: str) -> None:
    assert fold_confusables(normalize(text)).text == folded


def test_spans_of_folded_text_map_back_to_the_original() -> None:
    text = "Die Stra\u200bße nach Lo\u0301dz"
    folded = fold_confusables(normalize(text))
    start = folded.text.index("strasse")
    assert text[slice(*folded.span(start, start + 7))] == "Stra\u200bße"
    start = folded.text.index("lodz")
    assert text[slice(*folded.span(start, start + 4))] == "Lo\u0301dz"


@given(TEXTS)
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold_confusables(normalize(text))
    assert fold_confusables(normalize(once.text)).text == once.text


@given(st.text(st.characters(codec="ascii")))
def test_ascii_is_left_as_it_is(text: str) -> None:
    assert normalize(text).text is text
    assert normalize(text).span(0, len(text)) == (0, len(text))
    assert fold_confusables(normalize(text)).text == text.lower()


@pytest.mark.parametrize(
    "piece", ["\ufdfa", "e\u0301\u0316", "\u0301\u0316", "\u200b", "a\u200b", "１", "Сa"]
)
def test_a_long_text_takes_linear_time(piece: str) -> None:
    text = piece * (300_000 // len(piece.encode()))
    folded = fold_confusables(normalize(text))
    assert folded.span(0, len(folded.text))[1] <= len(text)


def test_texts_are_not_shown() -> None:
    assert "secret" not in repr(fold_confusables(normalize("ﬁ secret\u0301")))
    assert isinstance(normalize(""), NormalizedText)
