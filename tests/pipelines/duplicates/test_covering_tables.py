"""Tables miss no pair of hashes within the distance."""

from itertools import combinations

import numpy as np
import pytest

from pipelines.duplicates import MAX_DISTANCE
from pipelines.duplicates.tables import comparisons, odd_products, plan_tables


@pytest.mark.parametrize("distance", [0, 1, 5, 31, MAX_DISTANCE])
@pytest.mark.parametrize("number", [1_000, 1_000_000, 10_000_000])
def test_each_choice_of_differing_bits_misses_a_table(distance: int, number: int) -> None:
    masks = np.unpackbits(plan_tables(number, distance).masks.view(np.uint8), axis=1)
    assert (masks.sum(axis=1) > 0).all()
    rng = np.random.default_rng(distance)
    chosen = np.zeros((2000, 256), np.float32)
    for row in chosen:
        row[rng.choice(256, distance, replace=False)] = 1
    assert ((chosen @ masks.T.astype(np.float32)) == 0).any(axis=1).all()


@pytest.mark.parametrize("radius", [0, 1, 2, 3])
def test_a_vector_is_orthogonal_to_any_few_others(radius: int) -> None:
    odd = odd_products(radius + 1)
    for differing in combinations(range(len(odd)), min(radius, len(odd))):
        assert (~odd[list(differing)]).all(axis=0).any()


def test_more_hashes_get_longer_tables() -> None:
    few, many = plan_tables(100_000, 31), plan_tables(10_000_000, 31)
    assert len(many.masks) < 3 * len(few.masks)
    assert comparisons(many, 10_000_000) < 3 * comparisons(few, 100_000)


def test_keys_are_equal_if_the_bits_of_the_table_are() -> None:
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 2**64, (20_000, 4), np.uint64)
    tables = plan_tables(len(hashes), 31)
    for table in (0, 5, len(tables.masks) - 1):
        masked = hashes & tables.masks[table]
        keys = tables.keys(hashes, table)
        assert ((keys & np.uint64(0xFFFFFFFF)) == np.arange(len(keys))).all()
        entries = np.unique(masked, axis=0, return_inverse=True)[1]
        by_key = np.unique(keys >> np.uint64(32), return_inverse=True)[1]
        assert len(set(zip(entries.tolist(), by_key.tolist(), strict=True))) == entries.max() + 1
