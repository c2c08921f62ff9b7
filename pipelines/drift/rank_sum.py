"""The exact tail of the rank-sum test (Wilcoxon, 1945), which assumes no distribution."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from math import comb


def rank_sum_p(first: Sequence[float], later: Sequence[float]) -> float:
    """Return a bound of the p-value of `later` being higher or lower than `first`, sorted numbers.

    It is Mann and Whitney's (1947): the share of all divisions of the numbers into two such groups
    in which as many pairs differ the same way. Equal numbers count against a difference, so that
    the bound holds with ties too.
    """
    higher = sum(bisect_left(first, each) for each in later)
    lower = sum(len(first) - bisect_right(first, each) for each in later)
    return min(1.0, 2 * _tails(len(first), len(later))[max(higher, lower)])


def fewest_later(first: int, level: float) -> int:
    """Return the fewest later numbers whose p-value can be below a level above 0."""
    later = 1
    while 2 / comb(first + later, later) >= level:
        later += 1
    return later


@lru_cache(maxsize=64)
def _tails(first: int, later: int) -> tuple[float, ...]:
    """Return P(U >= u) for each u from 0 to first * later, of groups that do not differ.

    The numbers of divisions with U = u are the coefficients of the Gaussian binomial coefficient,
    the product of (1 - q^(first + i)) / (1 - q^i).
    """
    most = first * later
    counts = [1] + [0] * most
    for i in range(1, later + 1):
        for u in range(most, first + i - 1, -1):
            counts[u] -= counts[u - first - i]
        for u in range(i, most + 1):
            counts[u] += counts[u - i]
    whole, tail, tails = comb(first + later, later), 0, []
    for count in reversed(counts):
        tail += count
        tails.append(tail / whole)
    return tuple(reversed(tails))
