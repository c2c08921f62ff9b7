"""Bootstrap intervals of metrics, and the comparison of two outputs on the same samples."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.evaluation.metrics.metric import Floats, Metric

_LEVEL = 0.95
_RESAMPLES = 1000
_DRAWN_AT_ONCE = 1 << 20  # draws of a resample in memory: 8 MiB


@dataclass(frozen=True, slots=True)
class MetricInterval:
    """A value with its bootstrap interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """What two outputs' scores of the same samples tell."""

    difference: MetricInterval  # second minus first
    changed: float  # the share of samples whose score differs
    better: int  # samples with a higher score in the second output
    worse: int
    p_value: float  # two-sided sign-flip test of the samples' differences


def bootstrap(
    metric: Metric, statistics: Floats, seed: int = 0, resamples: int = _RESAMPLES
) -> Mapping[str, MetricInterval]:
    """Return each result of a metric with its percentile interval (Efron, 1979).

    Samples, rows of `statistics` [samples, k], are drawn with replacement. Equal arguments give
    equal intervals. Memory is that of `statistics` and 16 MiB.
    """
    values = metric.corpus(statistics)
    if not len(statistics):
        return {name: MetricInterval(value, value, value) for name, value in values.items()}
    sums = np.array(list(_resampled_sums(statistics, seed, resamples)))
    drawn = metric.values(sums, float(len(statistics)))
    return {name: _interval(value, drawn[name]) for name, value in values.items()}


def compare(
    metric: Metric,
    first: Floats,
    second: Floats,
    seed: int = 0,
    resamples: int = _RESAMPLES,
) -> PairedComparison:
    """Compare two outputs by their statistics of the same samples, each [samples, k], same order.

    The interval is a paired bootstrap. The test swaps the two outputs' statistics of each sample
    at random (Fisher's randomization test), and counts how often the difference is as large.
    Raise ValueError if there are no samples, or not equally many.
    """
    if first.shape != second.shape or not len(first):
        raise ValueError("a comparison needs the same samples, at least one, of both outputs")
    name = metric.results[0]
    number, k = first.shape

    def difference(sums: Floats) -> Floats:
        return (
            metric.values(sums[..., k:], float(number))[name]
            - metric.values(sums[..., :k], float(number))[name]
        )

    both = np.concatenate([first, second], axis=1)
    observed = float(difference(both.sum(axis=0)))
    drawn = difference(np.array(list(_resampled_sums(both, seed, resamples))))
    scores = metric.scores(second) - metric.scores(first)
    return PairedComparison(
        _interval(observed, drawn),
        float((first != second).any(axis=1).mean()),
        int((scores > 0).sum()),
        int((scores < 0).sum()),
        _p_value(both, observed, difference, seed, resamples),
    )


def _interval(value: float, drawn: Floats) -> MetricInterval:
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return MetricInterval(value, float(low), float(high))


def _resampled_sums(statistics: Floats, seed: int, resamples: int) -> Iterator[Floats]:
    """Yield the sum of each resample, [k]."""
    generator = np.random.default_rng(seed)
    number = len(statistics)
    for _ in range(resamples):
        times = np.zeros(number, np.int64)
        for start in range(0, number, _DRAWN_AT_ONCE):
            drawn = generator.integers(0, number, min(_DRAWN_AT_ONCE, number - start))
            times += np.bincount(drawn, minlength=number)
        yield times @ statistics


def _p_value(
    both: Floats,
    observed: float,
    difference: Callable[[Floats], Floats],
    seed: int,
    resamples: int,
) -> float:
    """Return the share of swaps with a difference as large, counting the observed one."""
    generator = np.random.default_rng([seed, 1])
    k = both.shape[1] // 2
    total, change = both.sum(axis=0), both[:, k:] - both[:, :k]
    differing = np.ascontiguousarray(change[(change != 0).any(axis=1)])
    large = 1
    for _ in range(resamples):
        moved = _swapped(generator, len(differing)) @ differing
        swapped = total + np.concatenate([moved, -moved])
        large += abs(float(difference(swapped))) >= abs(observed) - 1e-12
    return large / (resamples + 1)


def _swapped(generator: np.random.Generator, number: int) -> npt.NDArray[np.float64]:
    """Return 1 for each sample that is swapped, 0 for the others, [number]."""
    bits = np.unpackbits(generator.integers(0, 256, (number + 7) // 8, np.uint8), count=number)
    return bits.astype(np.float64)
