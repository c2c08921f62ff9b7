"""Estimates from stratified samples are unbiased, and their intervals cover the truth."""

from math import inf

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.calibration.estimates import DecidedSample, least_decided, wilson
from pipelines.calibration.histogram import Floats, ScoreHistogram
from pipelines.calibration.strata import allocate, nearness, stratum_edges, stratum_of
from pipelines.calibration.threshold import Threshold

HIGHER, LOWER = Threshold(), Threshold("lower", inclusive=False)
Planted = tuple[Floats, npt.NDArray[np.bool_]]


def planted(number: int, seed: int = 0) -> Planted:
    """Make scores, and whether a person would reject each sample: the more, the higher it is."""
    random = np.random.default_rng(seed)
    values = random.beta(0.5, 2, number).astype(np.float32)
    return values, random.random(number) < 1 / (1 + np.exp(-25 * (values - 0.5)))


class Strata:
    """A planted population with its strata."""

    def __init__(self, population: Planted, cut: float, total: int) -> None:
        self.values, self.bad = population
        histogram = ScoreHistogram()
        histogram.add(self.values)
        edges = stratum_edges(histogram, cut)
        self.strata = stratum_of(self.values, edges)
        self.sizes = np.bincount(self.strata, minlength=len(edges) - 1).tolist()
        self.drawn = allocate(self.sizes, nearness(edges, cut), total)

    def draw(self, seed: int) -> DecidedSample:
        random = np.random.default_rng(seed)
        chosen = np.concatenate(
            [
                random.choice(np.flatnonzero(self.strata == stratum), number, replace=False)
                for stratum, number in enumerate(self.drawn)
            ]
        )
        return DecidedSample(self.values[chosen], self.bad[chosen], self.strata[chosen], self.sizes)


def test_estimated_totals_are_unbiased() -> None:
    strata = Strata(planted(4000), 0.4, 120)
    beyond = strata.values >= np.float32(0.45)
    found = []
    for seed in range(400):
        sample = strata.draw(seed)
        found.append(sample.total(sample.rejected & (sample.values >= np.float32(0.45))))
    truth = (strata.bad & beyond).sum()
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - truth) < 4 * error < 0.03 * truth


def test_intervals_cover_the_truth() -> None:
    strata = Strata(planted(4000), 0.4, 120)
    covered = {"precision": 0, "recall": 0}
    for seed in range(200):
        sample = strata.draw(seed)
        for threshold in (0.3, 0.5, 0.7):
            beyond = strata.values >= np.float32(threshold)
            at = sample.at(threshold, HIGHER)
            assert at.precision is not None
            assert at.recall is not None
            precision = strata.bad[beyond].mean()
            recall = (strata.bad & beyond).sum() / strata.bad.sum()
            covered["precision"] += at.precision.low <= precision <= at.precision.high
            covered["recall"] += at.recall.low <= recall <= at.recall.high
    assert all(number >= 0.93 * 600 for number in covered.values()), covered


def test_a_planted_threshold_is_found_within_its_interval() -> None:
    strata = Strata(planted(60_000), 0.5, 1200)
    order = np.argsort(-strata.values)
    precision = np.cumsum(strata.bad[order]) / np.arange(1, len(order) + 1)
    truth = float(strata.values[order][np.flatnonzero(precision >= 0.95)[-1]])
    inside = 0
    for seed in range(10):
        wanted = strata.draw(seed).threshold_for(0.95, HIGHER)
        assert wanted.loosest is not None
        assert wanted.estimate is not None
        assert wanted.surest is not None
        assert wanted.loosest <= wanted.estimate <= wanted.surest
        assert abs(wanted.estimate - truth) < 0.1
        inside += wanted.loosest <= truth <= wanted.surest
    assert inside >= 9


def test_scores_of_both_directions_give_the_same() -> None:
    strata = Strata(planted(3000), 0.5, 400)
    sample = strata.draw(0)
    negative = DecidedSample(-sample.values, sample.rejected, sample._strata, strata.sizes)
    inclusive_lower = Threshold("lower", inclusive=True)
    for threshold in (0.2, 0.5, 0.8):
        one, other = sample.at(threshold, HIGHER), negative.at(-threshold, inclusive_lower)
        assert (one.precision, one.recall) == (other.precision, other.recall)
    one, other = (
        each.threshold_for(0.8, kind)
        for each, kind in ((sample, HIGHER), (negative, inclusive_lower))
    )
    assert one.estimate is not None
    assert other.estimate == -one.estimate


@given(
    st.lists(
        st.tuples(st.floats(0, 1, width=32), st.booleans(), st.integers(0, 2)),
        min_size=1,
        max_size=30,
    ),
    st.tuples(*[st.integers(30, 500)] * 3),
)
@settings(max_examples=30)
def test_properties(samples: list[tuple[float, bool, int]], sizes: tuple[int, ...]) -> None:
    values, rejected, strata = (np.array(each) for each in zip(*samples, strict=True))
    sample = DecidedSample(values.astype(np.float32), rejected, strata, sizes)
    everything = np.ones(len(values), bool)
    present = sum(size for number, size in enumerate(sizes) if number in strata)
    assert sample.total(everything) == pytest.approx(present)  # weights sum to the population
    before = inf
    for threshold in np.linspace(0, 1, 9):
        at = sample.at(float(threshold), HIGHER)
        for interval in (at.precision, at.recall):
            if interval:
                assert 0 <= interval.low <= interval.estimate + 1e-9
                assert interval.estimate <= interval.high + 1e-9 <= 1 + 2e-9
        if at.recall:
            assert at.recall.estimate <= before + 1e-9  # a stricter threshold finds no more
            before = at.recall.estimate
    wanted = sample.threshold_for(0.5, HIGHER)
    if wanted.estimate is not None:
        assert wanted.loosest is not None
        assert wanted.loosest <= wanted.estimate
        if wanted.surest is not None:
            assert wanted.estimate <= wanted.surest


def test_decisions_about_everything_leave_nothing_open() -> None:
    values = np.arange(10, dtype=np.float32)
    sample = DecidedSample(values, values >= 4, np.zeros(10, np.intp), [10])
    at = sample.at(2, HIGHER)
    assert at.precision is not None
    assert (at.precision.low, at.precision.high) == (0.75, 0.75)
    assert at.recall is not None
    assert (at.recall.low, at.recall.estimate, at.recall.high) == (1, 1, 1)
    assert sample.threshold_for(0.8, HIGHER).surest == 3


def test_missed_samples_are_allowed_for() -> None:
    """Ten accepted samples for a thousand do not say that none of them is bad."""
    values = np.array([0.1] * 10 + [0.9] * 10, np.float32)
    sample = DecidedSample(values, values > 0.5, (values > 0.5).astype(np.intp), [1000, 100])
    recall = sample.at(0.5, HIGHER).recall
    assert recall is not None
    assert recall.estimate == 1
    assert recall.low < 0.4


def test_without_decisions_beyond_a_threshold() -> None:
    sample = DecidedSample(
        np.array([0.1, 0.2], np.float32), np.array([True, False]), np.zeros(2, np.intp), [9]
    )
    at = sample.at(0.5, HIGHER)
    assert (at.decided, at.precision) == (0, None)
    assert at.recall is not None
    assert at.recall.estimate == 0
    accepted = DecidedSample(sample.values, np.zeros(2, bool), np.zeros(2, np.intp), [9])
    assert accepted.at(0.15, HIGHER).recall is None
    assert accepted.threshold_for(0.9, LOWER).estimate is None


def test_wilson_by_published_values() -> None:
    """Newcombe (1998), Two-sided confidence intervals for the single proportion, table I."""
    for rejected, number, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(rejected / number, number) == pytest.approx((low, high), abs=1e-4)


def test_how_many_samples_a_precision_needs() -> None:
    for precision in (0.8, 0.9, 0.95, 0.99):
        number = least_decided(precision)
        assert wilson(1, number)[0] >= precision - 1e-9 > wilson(1, number - 1)[0]
