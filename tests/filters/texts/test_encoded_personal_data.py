"""Personal data in the encodings of web pages and source code is found, and redacted whole."""

import html
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.filters.personal_data_lines import lines
from filters.text_analysis.encodings import decode
from filters.text_analysis.normalization import NormalizedText, normalize
from filters.text_analysis.recognizers.table import RECOGNIZERS
from filters.text_analysis.redaction import merge
from filters.texts.personal_data import find_matches

VALUES = {
    "EMAIL_ADDRESS": "ann.lee@example.com",
    "CREDIT_CARD_NUMBER": "4556 7375 8689 9855",
    "PHONE_NUMBER": "+1 415 555 0132",
    "US_SOCIAL_SECURITY_NUMBER": "536-22-1234",
    "IBAN_CODE": "DE89 3704 0044 0532 0130 00",
}


def named(text: str) -> str:
    """Replace signs by their named entities in HTML."""
    names = {"@": "&commat;", ".": "&period;", "+": "&plus;", " ": "&nbsp;", "-": "&hyphen;"}
    return "".join(names.get(char, char) for char in text)


def each(signs: str, form: str) -> Callable[[str], str]:
    """Write some characters, or all for the signs "*", as their code in a form."""
    return lambda text: "".join(
        form.format(ord(char), char) if signs == "*" or char in signs else char for char in text
    )


DISGUISES: dict[str, Callable[[str], str]] = {
    "in a query": lambda text: "?v=" + urllib.parse.quote(text),
    "in a query, twice encoded": lambda text: urllib.parse.quote(urllib.parse.quote(text)),
    "every character in percent": lambda text: "".join(f"%{ord(char):02X}" for char in text),
    "lower percent": lambda text: urllib.parse.quote(text, safe="").lower(),
    "named entities": named,
    "twice escaped": lambda text: html.escape(named(text)),
    "decimal entities": each("@.+ -", "&#{0};"),
    "decimal entities without a semicolon": each("@+", "&#{0}"),
    "hexadecimal entities": each("*", "&#x{0:x};"),
    "padded entities": each("@.+ -", "&#{0:05d};"),
    "escapes of source code": each("@.+ -", "\\u{0:04x}"),
    "escapes of bytes": each("@.+ -", "\\x{0:02x}"),
    "braces": each("@.+ -", "\\u{{{0:x}}}"),
    "line breaks": lambda text: text.replace(" ", "<br>").replace("-", "-<wbr>"),
    "closed line breaks": lambda text: text.replace(" ", "<br/>\n"),
    "bold": lambda text: f"{text[:3]}<b>{text[3:7]}</b>{text[7:]}",
    "cells": lambda text: text.replace(" ", "</td><td>"),
    "full-width percent": lambda text: urllib.parse.quote(text).replace("%", "％"),
}


def infotypes(text: str) -> list[str]:
    return [match.infotype for match in merge(find_matches(text, RECOGNIZERS))]


@pytest.mark.parametrize("disguise", DISGUISES)
def test_disguised_values_are_found(disguise: str) -> None:
    for infotype, value in VALUES.items():
        text = f"see {DISGUISES[disguise](value)}, please"
        assert infotypes(text) == [infotype], text


@pytest.mark.parametrize(
    "text",
    [
        "4556_7375_8689_9855",
        "call 415_555_0132",
        "call 415__555__0132",
        "cc=4556%207375%208689%209855",
    ],
)
def test_groups_with_other_gaps_are_found(text: str) -> None:
    assert len(infotypes(text)) == 1


@pytest.mark.parametrize(
    "text", ["100% of 20%30", "&copy; A &amp; B", "\\user\\xylo", "<b>bold</b>"]
)
def test_texts_that_only_look_encoded_have_no_personal_data(text: str) -> None:
    assert infotypes(text) == []


@given(st.text(alphabet="a1%&#x;<b>/\\u{}40_ é@", max_size=24))
def test_spans_of_decoded_texts_lie_in_the_original(text: str) -> None:
    decoded = decode(normalize(text))
    last = 0
    for position in range(len(decoded.text)):
        start, end = decoded.span(position, position + 1)
        assert last <= start < end <= len(text)
        last = start


def test_a_text_without_encodings_is_not_copied() -> None:
    text = NormalizedText("A dog, 3 years old")
    assert decode(text) is text


def test_what_a_recognizer_finds_alone_the_filter_finds_in_any_surrounding() -> None:
    """The quick searches in front of the recognizers must not hide a value."""
    for line in lines(800, seed=17):
        for infotype, start, end in line.planted:
            alone = line.text[start:end]
            recognizer = next(each for each in RECOGNIZERS if each.infotype == infotype)
            if not any(recognizer.find(alone)):  # it needs its label
                continue
            for text in (
                alone,
                f"A dog in the rain: {alone} (2 prints)",
                f"请{alone}。",
                f"\n{alone}\t",
            ):
                assert infotype in infotypes(text), text


@pytest.mark.parametrize("text", ["ann_@_example.com", "ann.lee__@__example.com"])
def test_underscores_around_an_at_sign_do_not_hide_an_address(text: str) -> None:
    assert infotypes(f"Write to {text} today") == ["EMAIL_ADDRESS"]
