"""Edit distances and common subsequences are those of the plain tables, in blocks of any size."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.evaluation.metrics import edit_distance as module
from pipelines.evaluation.metrics.edit_distance import common_subsequence, edit_distance
from pipelines.evaluation.metrics.metric import Scored
from pipelines.evaluation.metrics.rouge import RougeL
from pipelines.evaluation.metrics.values import (
    LONGEST_ANSWER,
    LONGEST_REFERENCE,
    WrongValue,
    read_prediction,
    read_references,
)

TEXTS = st.text("abc", max_size=24)


def plain_distance(left: Sequence[object], right: Sequence[object]) -> int:
    table = np.add.outer(np.arange(len(left) + 1), np.arange(len(right) + 1))
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            replaced = table[i, j] + (a != b)
            table[i + 1, j + 1] = min(replaced, table[i, j + 1] + 1, table[i + 1, j] + 1)
    return int(table[-1, -1])


def plain_subsequence(left: Sequence[object], right: Sequence[object]) -> int:
    table = np.zeros((len(left) + 1, len(right) + 1), int)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            best = max(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = table[i, j] + 1 if a == b else best
    return int(table[-1, -1])


@pytest.fixture(params=[1, 2, 5, 1 << 14], autouse=True)
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", request.param)


@given(left=TEXTS, right=TEXTS)
def test_both_are_those_of_plain_tables(left: str, right: str) -> None:
    assert edit_distance(left, right) == plain_distance(left, right)
    assert common_subsequence(left, right) == plain_subsequence(left, right)
    assert edit_distance([*left], [*right]) == edit_distance(right, left)
    assert common_subsequence([*left], [*right]) == common_subsequence(right, left)


@given(st.text("ab", max_size=40), st.text("ab", max_size=40), st.text("ab", max_size=9))
def test_equal_ends_do_not_count(start: str, end: str, middle: str) -> None:
    assert edit_distance(start + middle + end, start + end) == len(middle)
    assert common_subsequence(start + middle + end, start + end) == len(start + end)


def test_long_texts_that_differ_little() -> None:
    text = "one two three " * 40_000
    assert edit_distance(text, f"{text[:900]}x{text[900:]}") == 1
    score = RougeL().statistics([Scored(text, (f"four {text}",))])[0, 0]
    assert score == pytest.approx(1, abs=1e-5)


def test_texts_that_are_too_long_are_told() -> None:
    assert read_prediction("text", "a" * LONGEST_ANSWER)
    assert read_references("text", "a" * LONGEST_REFERENCE)
    with pytest.raises(WrongValue, match="more than 262,144 characters"):
        read_prediction("text", "a" * (LONGEST_ANSWER + 1))
    with pytest.raises(WrongValue, match="more than 65,536 characters"):
        read_references("text", ["a", "a" * (LONGEST_REFERENCE + 1)])
