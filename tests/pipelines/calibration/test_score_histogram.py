"""A histogram of scores counts all values, in order and near where they are."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calibration.histogram import ScoreHistogram

numbers = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(st.lists(numbers, max_size=20), max_size=5))
@settings(max_examples=40)
def test_values_are_counted_in_order(batches: list[list[float]]) -> None:
    histogram = ScoreHistogram()
    for batch in batches:
        histogram.add(np.array(batch, np.float32))
    flat = np.sort(np.array([value for batch in batches for value in batch], np.float32))
    assert histogram.number == len(flat)
    assert np.all(np.diff(histogram.values) > 0)
    lows = np.repeat(histogram.values, histogram.counts)
    assert np.all(lows <= flat)  # each value lies in the bin that its place in order has
    assert np.all(flat - lows <= np.abs(flat) / 1024 + 1e-38)


def test_quantiles() -> None:
    histogram = ScoreHistogram()
    histogram.add(np.arange(1000, dtype=np.float32))
    found = histogram.quantiles(np.array([0, 0.25, 0.5, 1]))
    assert np.allclose(found, [0, 250, 500, 999], rtol=1e-3)


def test_no_value_is_lost_at_zero() -> None:
    histogram = ScoreHistogram()
    histogram.add(np.array([0.0, -0.0, 1e-45, -1e-45], np.float32))
    assert histogram.number == 4
    assert len(histogram.values) == 2  # those below zero, and the others
