"""Divides scores into strata, and a sample among the strata, with more near a threshold."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf

import numpy as np
import numpy.typing as npt

from pipelines.calibration.histogram import Floats, ScoreHistogram
from pipelines.calibration.threshold import short

_PER_SIDE = 5  # strata on each side of the threshold
_BINS = 200  # of equal width, by which the strata of a side are found
_LEAST = 2  # samples of a stratum, by which the spread in it can be told


def stratum_edges(scores: ScoreHistogram, cut: float | None) -> list[float]:
    """Return the edges of strata, from -inf to inf; a stratum has its lower edge and not its upper.

    `cut` is an edge; None: there is no threshold. On each side of it, edges stand at equal steps of
    the cumulative square root of the frequency (Dalenius and Hodges, 1959, Minimum variance
    stratification).
    """
    values, counts = scores.values, scores.counts
    if cut is None:
        return [-inf, *_inner_edges(values, counts, 2 * _PER_SIDE), inf]
    below = values < np.float32(cut)
    lower = _inner_edges(values[below], counts[below], _PER_SIDE)
    upper = _inner_edges(values[~below], counts[~below], _PER_SIDE)
    edges = [*(edge for edge in lower if edge < cut), cut, *(edge for edge in upper if edge > cut)]
    return [-inf, *edges, inf]


def _inner_edges(values: Floats, counts: npt.NDArray[np.int64], strata: int) -> list[float]:
    if len(values) < 2:
        return []
    ends = np.cumsum(counts)
    # Values beyond these do not widen the bins.
    low, high = values[np.searchsorted(ends, np.array([0.001, 0.999]) * ends[-1])].astype(float)
    if low == high:
        return []
    frequencies, edges = np.histogram(
        np.clip(values.astype(float), low, high), _BINS, (low, high), weights=counts
    )
    steps = np.cumsum(np.sqrt(frequencies))
    places = np.searchsorted(steps, np.arange(1, strata) / strata * steps[-1])
    rounded = [short(edge) for edge in edges[places + 1]]
    return sorted({edge for edge in rounded if low < edge < high})


def nearness(edges: Sequence[float], cut: float | None) -> list[int]:
    """Return the weight of each stratum: the nearer to the threshold, the more."""
    if cut is None:
        return [1] * (len(edges) - 1)
    at = edges.index(cut)
    return [
        max(_PER_SIDE - (at - 1 - place if place < at else place - at), 1)
        for place in range(len(edges) - 1)
    ]


def allocate(sizes: Sequence[int], weights: Sequence[int], total: int) -> list[int]:
    """Return how many samples to draw of each stratum, `total` together if there are as many.

    Each stratum gives two, as far as it has them; then numbers are in proportion to the weights
    (by Sainte-Lague's divisors), and no stratum gives more than it has.
    """
    drawn = [0] * len(sizes)
    for _ in range(min(total, sum(sizes))):
        open_strata = [place for place, size in enumerate(sizes) if drawn[place] < size]
        needy = [place for place in open_strata if drawn[place] < _LEAST]
        drawn[max(needy or open_strata, key=lambda at: weights[at] / (2 * drawn[at] + 1))] += 1
    return drawn


def stratum_of(values: Floats, edges: Sequence[float]) -> npt.NDArray[np.intp]:
    """Return the number of the stratum of each value."""
    inner = np.array(edges[1:-1], np.float64).astype(np.float32)
    assert all(low < high for low, high in pairwise(inner)), "edges are in order"
    return np.searchsorted(inner, values, side="right")
