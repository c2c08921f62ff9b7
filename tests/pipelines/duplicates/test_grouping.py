"""Groups of near hashes are those that a comparison of all pairs gives."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.duplicates import MAX_DISTANCE
from pipelines.duplicates.grouping import Groups, group_hashes
from pipelines.duplicates.tables import BITS, missed_by_round, plan_tables

Bytes = npt.NDArray[np.uint8]  # [hashes, 32]


def flipped(hash: Bytes, bits: npt.NDArray[np.int64]) -> Bytes:
    unpacked = np.unpackbits(hash)
    unpacked[bits] ^= 1
    return np.packbits(unpacked)


def near_hashes(rng: np.random.Generator, families: int, most: int, flips: int) -> Bytes:
    """Return distinct hashes of families, in random order; each one is near others, or nearly."""
    hashes = []
    for _ in range(families):
        members = [rng.integers(0, 256, 32).astype(np.uint8)]
        for _ in range(rng.integers(0, most + 1)):  # chains and stars
            start = members[rng.integers(len(members))]
            number = rng.integers(0, flips + 1)
            members.append(flipped(start, rng.choice(BITS, number, replace=False)))
        hashes += members
    distinct = np.unique(np.stack(hashes), axis=0)
    return distinct[rng.permutation(len(distinct))]


def by_all_pairs(hashes: Bytes, distance: int) -> tuple[list[int], list[int]]:
    heads: list[int] = []
    found: list[tuple[int, int]] = []
    for position, own in enumerate(hashes):
        near = [(int(np.bitwise_count(own ^ hashes[head]).sum()), head) for head in heads]
        best = min(near, default=(BITS, 0))
        if best[0] > distance:
            heads.append(position)
            best = (0, position)
        found.append(best)
    return [head for _, head in found], [bits for bits, _ in found]


def grouped(hashes: Bytes, distance: int, pairs_per_hash: int | None = None) -> Groups:
    return group_hashes(hashes.view(np.uint64), distance, pairs_per_hash=pairs_per_hash)


def by_tables(hashes: Bytes, distance: int, pairs_per_hash: int | None = None) -> Groups:
    return group_hashes(
        hashes.view(np.uint64), distance, pairs_per_hash=pairs_per_hash, all_compared=0
    )


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0, 1, 2, 7, 20, 31, MAX_DISTANCE]),
    st.sampled_from([None, 1, 2, 4]),
    st.integers(1, 12),
    st.integers(0, 30),
)
def test_groups_are_those_of_all_pairs(
    seed: int, distance: int, pairs_per_hash: int | None, families: int, most: int
) -> None:
    rng = np.random.default_rng(seed)
    hashes = near_hashes(rng, families, most, max(2, distance))
    groups = grouped(hashes, distance, pairs_per_hash)
    heads, distances = by_all_pairs(hashes, distance)
    assert groups.heads.tolist() == heads
    assert groups.distances.tolist() == distances


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([None, 1, 4]))
def test_tables_give_the_groups_of_all_pairs(seed: int, pairs_per_hash: int | None) -> None:
    rng = np.random.default_rng(seed)
    hashes = []
    for _ in range(40):  # stars: members are within 14 bits of each other, where no pair is missed
        template = rng.integers(0, 256, 32).astype(np.uint8)
        hashes += [template] + [
            flipped(template, rng.choice(BITS, rng.integers(1, 8), replace=False))
            for _ in range(rng.integers(0, 12))
        ]
    distinct = np.unique(np.stack(hashes), axis=0)
    distinct = distinct[rng.permutation(len(distinct))]
    groups = by_tables(distinct, 31, pairs_per_hash)
    heads, distances = by_all_pairs(distinct, 31)
    assert groups.heads.tolist() == heads
    assert groups.distances.tolist() == distances


@pytest.mark.parametrize("distance", [0, 5, 31, MAX_DISTANCE])
def test_tables_miss_one_pair_in_a_thousand_at_most(distance: int) -> None:
    number = 2000
    tables = plan_tables(number, distance)
    bits = int(np.bitwise_count(tables.masks[0]).sum())
    per_round = BITS // bits
    rounds = len(tables.masks) // per_round
    assert missed_by_round(bits, distance) ** rounds <= 1e-3
    rng = np.random.default_rng(distance)
    one = rng.integers(0, 256, (number, 32)).astype(np.uint8)
    other = np.stack([flipped(h, rng.choice(BITS, distance, replace=False)) for h in one])
    agree = np.zeros(number, np.bool_)
    for table in range(len(tables.masks)):
        agree |= tables.keys(one.view(np.uint64), table) == tables.keys(
            other.view(np.uint64), table
        )
    assert (~agree).sum() <= 12  # of 2 expected


def test_tables_of_a_round_share_no_bit() -> None:
    tables = plan_tables(1 << 20, 31)
    per_round = BITS // 21
    for start in range(0, len(tables.masks), per_round):
        masks = tables.masks[start : start + per_round]
        assert np.bitwise_count(np.bitwise_or.reduce(masks)).sum() == per_round * 21
    assert missed_by_round(21, per_round - 1) == pytest.approx(0, abs=1e-12)


def test_a_large_family_is_one_group() -> None:
    rng = np.random.default_rng(5)
    template = rng.integers(0, 256, 32).astype(np.uint8)
    family = [flipped(template, rng.choice(BITS, 6, replace=False)) for _ in range(5000)]
    hashes = np.concatenate([template[None], np.unique(np.stack(family), axis=0)])
    groups = by_tables(hashes, 31)
    assert not groups.heads.any()
    assert groups.distances[1:].max() == 6
