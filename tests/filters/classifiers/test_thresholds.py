"""Both sides of every threshold; a score that is not finite never passes."""

import numpy as np
import pytest

from filters.classifiers.thresholds import Bounds, Thresholds, verdict_from_scores
from schemas.errors import JobError
from schemas.verdict import Verdict

NAN, INF = float("nan"), float("inf")
BOUNDS = Bounds({"a": 0.5, "b": 0.75}, {"a": 0.25})


def verdict(a: list[float], b: list[float]) -> Verdict:
    values = {"a": np.array(a, np.float32), "b": np.array(b, np.float32)}
    return verdict_from_scores(values, BOUNDS, reason="found")


@pytest.mark.parametrize(
    ("a", "b", "action", "reason"),
    [
        ([0.2], [0.7], "keep", ""),
        ([0.25], [0.0], "quarantine", "found"),
        ([0.4999], [0.0], "quarantine", "found"),
        ([0.5], [0.0], "drop", "found"),
        ([0.0], [0.7499], "keep", ""),
        ([0.0], [0.75], "drop", "found"),
        ([0.1, 0.5, 0.1], [0.0], "drop", "found"),
        ([NAN], [0.0], "indeterminate", "score_not_finite"),
        ([0.0, INF], [0.0], "indeterminate", "score_not_finite"),
        ([0.5, INF], [0.0], "drop", "found"),
        ([0.1, NAN], [0.0], "indeterminate", "score_not_finite"),
        ([0.3, NAN], [0.0], "indeterminate", "score_not_finite"),
        ([NAN, 0.5], [0.0], "drop", "found"),
        ([NAN], [0.75], "drop", "found"),
    ],
)
def test_the_highest_value_counts(a: list[float], b: list[float], action: str, reason: str) -> None:
    result = verdict(a, b)
    assert (result.action, result.reason) == (action, reason)
    assert all(np.isfinite(score) for score in result.scores.values())


def test_every_verdict_has_scores() -> None:
    assert verdict([0.125, 0.25], [0.0]).scores == {"a": 0.25, "b": 0.0}
    assert verdict([0.125], [1.0]).scores == {"a": 0.125, "b": 1.0}
    assert verdict([NAN, 0.125], [0.0]).scores == {"a": 0.125, "b": 0.0}


def test_a_threshold_is_for_all_scores_or_for_named_ones() -> None:
    assert Bounds.resolve(("a", "b"), 0.8, None) == Bounds({"a": 0.8, "b": 0.8}, {})
    assert Bounds.resolve(("a", "b"), {"b": 0.8}, 0.5).drop_at == {"b": 0.8}


@pytest.mark.parametrize(
    ("drop_at", "quarantine_at", "message"),
    [
        ({"c": 0.8}, None, "drop_at: there is no score 'c': take one of a, b"),
        (0.8, {"c": 0.5}, "quarantine_at: there is no score 'c'"),
        (0.8, 0.8, "quarantine_at: 0.8 is not below drop_at, which is 0.8 for a"),
        ({"a": 0.9, "b": 0.4}, 0.5, "quarantine_at: 0.5 is not below drop_at, which is 0.4 for b"),
    ],
)
def test_inconsistent_thresholds_are_refused(
    drop_at: Thresholds, quarantine_at: Thresholds | None, message: str
) -> None:
    with pytest.raises(JobError, match=message):
        Bounds.resolve(("a", "b"), drop_at, quarantine_at)
