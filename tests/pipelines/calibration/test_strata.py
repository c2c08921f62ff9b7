"""Strata divide scores at the threshold; a sample is divided among them."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filters.limits import Side
from pipelines.calibration.histogram import Floats, ScoreHistogram
from pipelines.calibration.strata import allocate, nearness, stratum_edges, stratum_of
from pipelines.calibration.threshold import Threshold


def histogram(values: Floats) -> ScoreHistogram:
    counted = ScoreHistogram()
    counted.add(values)
    return counted


@pytest.mark.parametrize("cut", [0.4, None])
@pytest.mark.parametrize("shape", ["flat", "skewed", "outliers", "two values", "one value"])
def test_edges(cut: float | None, shape: str) -> None:
    random = np.random.default_rng(0)
    values = {
        "flat": random.random(5000),
        "skewed": random.beta(0.3, 20, 5000),
        "outliers": np.append(random.random(5000), [1e6, -1e6]),
        "two values": np.repeat([0.0, 1.0], 100),
        "one value": np.full(100, 0.4),
    }[shape].astype(np.float32)
    edges = stratum_edges(histogram(values), cut)
    assert edges == sorted(set(edges))
    assert (edges[0], edges[-1]) == (-inf, inf)
    assert cut is None or cut in edges
    assert len(edges) <= 11
    sizes = np.bincount(stratum_of(values, edges), minlength=len(edges) - 1)
    assert sizes.sum() == len(values)
    if shape in ("flat", "skewed", "outliers"):
        assert sum(sizes > 20) >= (
            5 if shape == "skewed" else 8
        )  # no stratum takes nearly all values
    weights = nearness(edges, cut)
    assert len(weights) == len(sizes)
    if cut is not None:
        at = edges.index(cut)
        assert max(weights) == weights[at] == weights[at - 1]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5)), min_size=1, max_size=10),
    st.integers(0, 300),
)
@settings(max_examples=40)
def test_samples_are_divided(strata: list[tuple[int, int]], total: int) -> None:
    sizes, weights = [size for size, _ in strata], [weight for _, weight in strata]
    drawn = allocate(sizes, weights, total)
    assert sum(drawn) == min(total, sum(sizes))
    assert all(number <= size for number, size in zip(drawn, sizes, strict=True))
    if total >= 2 * len(sizes):
        assert all(number >= min(size, 2) for number, size in zip(drawn, sizes, strict=True))


def test_nearer_strata_give_more() -> None:
    assert allocate([1000] * 4, [1, 3, 3, 1], 80) == [10, 30, 30, 10]


@given(
    st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=30),
    st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=8, unique=True),
    st.sampled_from(["higher", "lower"]),
    st.booleans(),
)
@settings(max_examples=40)
def test_rejected_values_are_counted(
    values: list[float], thresholds: list[float], worse: Side, inclusive: bool
) -> None:
    kind, array = Threshold(worse, inclusive), np.array(values, np.float32)
    counts = kind.count_rejected(array, sorted(thresholds))
    for threshold, count in zip(sorted(thresholds), counts, strict=True):
        rejected = kind.rejects(array, threshold)
        assert count == rejected.sum()
        for value, is_rejected in zip(values, rejected, strict=True):
            beyond = value > threshold if worse == "higher" else value < threshold
            assert is_rejected == (beyond or (inclusive and value == threshold))
