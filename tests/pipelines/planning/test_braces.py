"""Braces are counted before they are expanded, and name at most a million paths."""

import braceexpand
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.planning.braces import MAX_PATHS, PathBudget, count_paths
from schemas.errors import JobError

pieces = st.sampled_from(
    ["{", "}", ",", "..", "\\", "-", "a", "Z", "0", "13", "{1..3}", "{a,b}", "{b..e..2}", "{01..9}"]
)


@given(st.lists(pieces, max_size=12).map("".join))
def test_the_count_is_that_of_the_library_or_above(pattern: str) -> None:
    try:
        number = count_paths(pattern)
    except JobError:
        return
    expanded = list(braceexpand.braceexpand(pattern))
    assert len(expanded) <= number
    if ".." not in pattern:  # letters are counted without their step
        assert len(expanded) == number


def expansion(*patterns: str) -> list[str]:
    budget = PathBudget()
    return [path for pattern in patterns for path in budget.expand(pattern)]


def test_patterns_are_expanded_as_in_bash() -> None:
    assert expansion("a{08..10}{,x}", "b") == ["a08", "a08x", "a09", "a09x", "a10", "a10x", "b"]
    assert expansion(r"a\{1,2\}", "{x}") == ["a{1,2}", "{x}"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{0..9}" * 9, "names 1,000,000,000 paths, and a job at most 1,000,000 in all"),
        ("{0..30000000}", "names 30,000,001 paths"),
        ("{a,b}" * 100, "paths, and a job at most"),
        ("{0..1" + "0" * 18 + "}", "a number has at most 18 digits"),
        ("{0.." + "9" * 5000 + "}", "a number has at most 18 digits"),
        ("{" * 2000 + "}" * 2000, "more than 10 levels"),
        ("{a," * 2000 + "}" * 2000, "more than 10 levels"),
        ("{" * 2000, "a brace is not closed, or not opened"),
        ("}" * 2000, "a brace is not closed, or not opened"),
        ("a" * 100_000 + "{1..2000}", "more than 100,000,000 characters in all"),
    ],
)
def test_too_many_paths_are_refused_before_they_are_made(pattern: str, message: str) -> None:
    with pytest.raises(JobError, match=r"^input\.shards: ") as caught:
        for _ in PathBudget().expand(pattern):
            pass
    assert message in str(caught.value)
    assert len(str(caught.value)) <= 10_000


def test_the_bound_is_for_all_patterns_together() -> None:
    half = f"{{1..{MAX_PATHS // 2}}}"
    budget = PathBudget()
    for _ in range(2):
        assert next(budget.expand(half))
    with pytest.raises(JobError, match="names 1 paths, and a job at most 1,000,000 in all"):
        next(budget.expand("a.tar"))
