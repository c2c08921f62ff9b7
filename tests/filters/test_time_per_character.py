"""Tests that no repetition makes the rules slow: CPU time per character stays bounded."""

import time
from collections.abc import Callable, Iterator
from functools import cache

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from filters import PersonalData, TextQuality, TextSafetyRules, ToxicityRules
from filters.base import TextFilter
from filters.text_analysis.recognizers.numbering_plans import (
    NATIONAL_REGIONS,
    has_shape,
    is_grouped_as_in,
    is_national_number,
    is_phone_number,
)
from filters.text_analysis.recognizers.table import RECOGNIZERS
from schemas.resources import Resources
from schemas.sample import Text

LENGTH = 8000  # characters
PLAIN = "A red barn near the lake with a small boat. "
PHONES = "".join(f"0{4200 + number} {510_000 + 37 * number}, " for number in range(600))
# First characters, separators and context words of every recognizer and rule.
WORDS = """
0 00 01 011 1 12 123 1234 +1 +49 020 ( ) - . , / : ; @ a A a. @a.b Z é ٣ ０ あ # % _ ' " = ? & |
_at_ [at] [dot] AD89 GB29 P< < 4111 5500 eyJ eyJa AKIA sk- xox -----BEGIN PRIVATE KEY----- ://a:b@
: :: ff ff: ff- 0x deadbeef 192.168. 5x9QJ born née tel: ssn passport order Main St 2020 2020- Dr.
no key= is password= Bearer f fu ck a55 sex 12 yo child you kill idiot ﷺ ß İ 你 ا न ก 한 1. DE
"""
ATOMS = [
    *WORDS.split(),
    *(" ", "\n", "\t", " at ", " dot ", "\u0301", "\u200b", "\u0327", "\U0001f468\u200d"),
]
KINDS: tuple[type[TextFilter], ...] = (PersonalData, TextSafetyRules, ToxicityRules, TextQuality)


def opened(path: str) -> None:
    raise AssertionError(path)


@cache
def judging(kind: type[TextFilter]) -> Callable[[str], object]:
    settings = {"infotypes": [each.infotype for each in RECOGNIZERS]}
    stage = kind.model_validate(settings if kind is PersonalData else {})
    judge = stage.load(Resources(opened))  # type: ignore[arg-type]
    return lambda text: judge.judge([Text(text)])


def seconds(kind: type[TextFilter], text: str) -> float:
    """Measure the CPU seconds of a judgment; numbers judged before do not count as known."""
    is_phone_number.cache_clear()
    is_national_number.cache_clear()
    start = time.process_time()
    judging(kind)(text)
    return time.process_time() - start


@cache
def bound(kind: type[TextFilter]) -> float:
    """Return the CPU seconds that a text of LENGTH characters may take.

    For personal data that is ten times a list of telephone numbers, which takes about as long as
    the worst repetition; 00 00 ... took 25 times. For the other rules it is a thousand times a
    plain text, of which the worst repetition takes a fifth.
    """
    text, factor = (PHONES, 10) if kind is PersonalData else (PLAIN * 1000, 1000)
    for warm_up in (PLAIN, "ü 你 0049 30"):
        judging(kind)(warm_up)
    return factor * min(seconds(kind, text) for _ in range(3)) * LENGTH / len(text)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(st.lists(st.sampled_from(ATOMS), min_size=1, max_size=5))
@example(["00", " "])
@example(["011", " "])
@example(["(", "00"])
@example(["(", "0", "011"])
@example(["+1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 ;"])
@example(["ﷺ", "İ"])
def test_no_repetition_is_slow(kind: type[TextFilter], atoms: list[str]) -> None:
    piece = "".join(atoms)
    text = (piece * (LENGTH // len(piece) + 1))[:LENGTH]
    assert any(seconds(kind, text) < bound(kind) for _ in range(3))  # a busy machine may be slow


def national_numbers() -> Iterator[tuple[str, str]]:
    """Yield numbers of each region and kind, as the region writes them."""
    for region in NATIONAL_REGIONS:
        for kind in range(11):
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                style = phonenumbers.PhoneNumberFormat.NATIONAL
                value = phonenumbers.format_number(number, style)
                if len(groups_of(value)) > 1:
                    yield region, value


def groups_of(value: str) -> list[str]:
    return "".join(char if char.isdecimal() else " " for char in value).split()


def test_every_number_of_a_region_has_a_shape_of_the_region() -> None:
    numbers = list(national_numbers())
    assert len(numbers) > 50
    for region, value in numbers:
        groups = groups_of(value)
        assert is_grouped_as_in(region, value, groups)
        assert has_shape(region, " ".join(groups))


@settings(max_examples=50)
@given(st.sampled_from(list(national_numbers())), st.data())
def test_a_number_without_a_shape_is_in_no_plan(
    numbered: tuple[str, str], data: st.DataObject
) -> None:
    """The shape is only a quick check: numbers that pass the slow one pass it too."""
    _, value = numbered
    digits = list(value)
    for position, char in enumerate(digits):
        if char.isdecimal() and data.draw(st.integers(0, 3)) == 0:
            digits[position] = data.draw(st.sampled_from("0123456789"))
    changed = "".join(digits)
    groups = groups_of(changed)
    for other in NATIONAL_REGIONS:
        if is_grouped_as_in(other, changed, groups):
            assert has_shape(other, " ".join(groups))
