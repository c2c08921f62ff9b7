"""The rank-sum test counts divisions as their list does, and holds its level with ties."""

from itertools import combinations
from math import comb

import pytest

from pipelines.drift.rank_sum import fewest_later, rank_sum_p


def divisions(numbers: list[int], later: int) -> list[tuple[list[int], list[int]]]:
    """Divide numbers into first and later ones in all ways."""
    found = []
    for places in combinations(range(len(numbers)), later):
        first = [each for place, each in enumerate(numbers) if place not in places]
        found.append((sorted(first), [numbers[place] for place in places]))
    return found


@pytest.mark.parametrize(("first", "later"), [(1, 1), (4, 3), (3, 5), (6, 4)])
def test_the_p_value_is_the_share_of_divisions(first: int, later: int) -> None:
    all_divisions = divisions([*range(first + later)], later)
    higher = [sum(a > b for a in after for b in before) for before, after in all_divisions]
    for (before, after), number in zip(all_divisions, higher, strict=True):
        most = max(number, first * later - number)
        share = sum(each >= most for each in higher) / len(higher)
        assert rank_sum_p(before, after) == pytest.approx(min(1, 2 * share))


@pytest.mark.parametrize("numbers", [[0] * 9, [0, 0, 0, 1, 1, 1, 2, 2, 9], [0] * 5 + [1, 2, 3, 4]])
def test_ties_make_no_small_p_value_more_frequent(numbers: list[int]) -> None:
    values = [rank_sum_p(before, after) for before, after in divisions(numbers, 4)]
    for level in set(values):
        assert sum(value <= level for value in values) / len(values) <= level


@pytest.mark.parametrize("first", [10, 20, 200])
@pytest.mark.parametrize("level", [1e-3, 1e-6])
def test_the_fewest_later_numbers_are_the_fewest(first: int, level: float) -> None:
    fewest = fewest_later(first, level)
    apart = [*range(first)]
    assert rank_sum_p(apart, [first] * fewest) == pytest.approx(2 / comb(first + fewest, fewest))
    assert rank_sum_p(apart, [first] * fewest) < level
    assert rank_sum_p(apart, [first] * (fewest - 1)) >= level
