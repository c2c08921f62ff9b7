"""A placeholder replaces each match, or all of several overlapping matches."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.text_analysis.redaction import Match, merge, redact_matches

MATCHES = st.lists(
    st.builds(
        lambda infotype, start, size: Match(infotype, start, start + size),
        st.sampled_from(["A", "BB", "CCC"]),
        st.integers(0, 30),
        st.integers(0, 10),
    ),
    max_size=8,
)


@pytest.mark.parametrize(
    ("matches", "redacted", "counts"),
    [
        ([], "0123456789", {}),
        ([Match("A", 2, 4)], "01[A]456789", {"A": 1}),
        ([Match("A", 0, 10)], "[A]", {"A": 1}),
        ([Match("A", 6, 8), Match("A", 2, 4)], "01[A]45[A]89", {"A": 2}),
        ([Match("A", 2, 4), Match("B", 4, 6)], "01[A][B]6789", {"A": 1, "B": 1}),
        ([Match("A", 2, 5), Match("B", 4, 8)], "01[B]89", {"B": 1}),
        ([Match("A", 2, 6), Match("B", 5, 8)], "01[A]89", {"A": 1}),
        ([Match("A", 2, 6), Match("B", 2, 6)], "01[A]6789", {"A": 1}),
        ([Match("A", 2, 4), Match("B", 3, 6), Match("C", 5, 9)], "01[C]9", {"C": 1}),
        ([Match("A", 1, 9), Match("B", 2, 4), Match("C", 8, 10)], "0[A]", {"A": 1}),
        ([Match("A", 3, 3)], "0123456789", {}),
    ],
)
def test_redaction(matches: list[Match], redacted: str, counts: dict[str, int]) -> None:
    assert redact_matches("0123456789", matches) == (redacted, counts)


@given(MATCHES)
def test_exactly_the_characters_of_the_matches_are_replaced(matches: list[Match]) -> None:
    text = "".join(chr(ord("\u4e00") + index) for index in range(40))
    redacted, counts = redact_matches(text, matches)
    covered = {index for match in matches for index in range(match.start, match.end)}
    left = [char for char in redacted if char >= "\u4e00"]
    assert left == [char for index, char in enumerate(text) if index not in covered]
    assert redacted.count("[") == sum(counts.values()) == len(merge(matches))


@given(MATCHES)
def test_merged_matches_are_sorted_and_apart(matches: list[Match]) -> None:
    merged = merge(matches)
    assert all(a.end <= b.start for a, b in itertools.pairwise(merged))
    assert merge(merged) == merged
