"""Windows of long texts: each piece is small enough, and nothing is left out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.services.windows import windows


def test_a_short_text_is_one_window() -> None:
    assert windows("abc", 3) == ["abc"]
    assert windows("", 3) == [""]


@settings(max_examples=50)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3000),
    st.integers(min_value=500, max_value=2000),
)
def test_windows_cover_the_text_and_fit(text: str, size: int) -> None:
    pieces = windows(text, size)
    assert all(len(piece.encode()) <= size for piece in pieces)
    position = end = 0
    for piece in pieces:
        position = text.find(piece, position)
        assert 0 <= position <= end  # no gap
        end = max(end, position + len(piece))
    assert end == len(text)


def test_windows_share_text_and_prefer_white_space() -> None:
    words = " ".join(f"word{number}" for number in range(300))
    first, second, *_ = windows(words, 1000)
    assert first.rpartition(" ")[2] in words.split()
    assert first[-100:] in second


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(UnicodeEncodeError):
        windows("\ud800", 10)
