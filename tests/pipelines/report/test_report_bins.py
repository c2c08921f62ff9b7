"""Bins hold every value once, and put decimals and whole numbers where they belong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.calibration.histogram import ScoreHistogram
from pipelines.report.bins import Distribution, choose_edges


def scores(*values: float) -> Distribution:
    histogram = ScoreHistogram()
    histogram.add(np.array(values, np.float32))
    return Distribution.of_scores(histogram)


def binned(values: Distribution, *limits: float) -> dict[float, int]:
    """Return the numbers of the filled bins by their lower edge."""
    edges = choose_edges([values], limits)
    numbers = zip(edges.tolist(), values.in_bins(edges), strict=False)
    return {edge: number for edge, number in numbers if number}


def test_a_decimal_is_in_the_bin_that_begins_with_it() -> None:
    for value in (0.05, 0.1, 0.7, 0.8, 0.85, 0.95):
        assert list(binned(scores(value, 0.011))) == [0, value]


def test_values_up_to_one_are_shown_between_zero_and_one() -> None:
    edges = choose_edges([scores(0.2, 0.3)])
    assert (edges[0], edges[-1]) == (0, 1)
    assert binned(scores(1, 0.3)) == {0.3: 1, 0.975: 1}


def test_whole_numbers_have_bins_of_their_own() -> None:
    assert binned(scores(2, 3, 3, 17)) == {2: 1, 3: 2, 17: 1}
    assert binned(Distribution.of_numbers({0: 5, 1: 3, 2: 1})) == {0: 5, 1: 3, 2: 1}
    assert binned(scores(1, 1)) == {1: 2}


def test_a_wide_range_has_bins_that_grow() -> None:
    edges = choose_edges([scores(3.5, 40, 5000)])
    assert edges[1] - edges[0] < 1 < edges[-1] - edges[-2]
    assert sum(scores(3.5, 40, 5000).in_bins(edges)) == 3


def test_the_last_bin_has_what_is_far_above_the_others() -> None:
    values = scores(*np.linspace(-3, 3, 1000), 900)
    edges = choose_edges([values])
    assert edges[-1] < 10
    assert sum(values.in_bins(edges)) == 1001


@pytest.mark.parametrize(("limit", "is_reached"), [(12.0, True), (500.0, False)])
def test_bins_reach_to_a_limit_that_is_near(limit: float, is_reached: bool) -> None:
    edges = choose_edges([scores(2, 3, 8)], [limit])
    assert (edges[-1] >= limit) == is_reached


@given(
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30),
    st.lists(st.floats(-1e6, 1e6), max_size=2),
)
def test_every_value_is_in_one_bin(values: list[float], limits: list[float]) -> None:
    counted = scores(*values)
    edges = choose_edges([counted], limits)
    assert (np.diff(edges) > 0).all()
    assert np.isfinite(edges).all()
    assert len(edges) <= 2000
    assert sum(counted.in_bins(edges)) == len(values)
