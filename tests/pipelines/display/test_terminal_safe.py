"""Text from the data cannot control a terminal, and stays on one line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.display.terminal_safe import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a \x1b[31mred\x1b[0m star", "a red star"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x07", "link"),
        ("title\x1b]0;owned\x07s", "titles"),
        ("cut \x1b", "cut"),
        ("\x1b]0;never ended", "]0;never ended"),
        ("\x9b31mred", "31mred"),
        ("abc\u202efed\u2066", "abcfed"),
        ("null\x00 bell\x07 back\x08space", "null bell backspace"),
        (" two\n lines\u2028and\ttabs ", "two lines and tabs"),
        ("half \ud800 a pair", "half \ufffd a pair"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("círculo 日本 🎉", "círculo 日本 🎉"),
    ],
)
def test_the_printable_text(text: str, shown: str) -> None:
    assert plain(text, 100) == shown


def test_long_texts_are_cut_at_the_limit() -> None:
    assert plain("x" * 10, 10) == "x" * 10
    assert plain("x" * 11, 10) == "x" * 9 + "…"


@given(st.text(st.characters(), max_size=60), st.integers(1, 40))
def test_no_control_character_is_left(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cs", "Zl", "Zp"}
    shown.encode()
