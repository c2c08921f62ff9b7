"""Groups of near hashes are those that a comparison of all pairs gives."""

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.duplicates import MAX_DISTANCE
from pipelines.duplicates.grouping import Groups, group_hashes
from pipelines.duplicates.tables import BITS

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
        bits = np.bitwise_count(hashes[heads] ^ own).sum(axis=1)
        best = (int(bits.min()), heads[int(bits.argmin())]) if heads else (BITS, 0)
        if best[0] > distance:
            heads.append(position)
            best = (0, position)
        found.append(best)
    return [head for _, head in found], [bits for bits, _ in found]


def grouped(hashes: Bytes, distance: int, pairs_per_hash: int | None = None) -> Groups:
    return group_hashes(hashes.view(np.uint64), distance, pairs_per_hash=pairs_per_hash)


def by_tables(
    hashes: Bytes, distance: int, pairs_per_hash: int | None = None, large_entry: int = 256
) -> Groups:
    return group_hashes(
        hashes.view(np.uint64),
        distance,
        pairs_per_hash=pairs_per_hash,
        all_compared=0,
        large_entry=large_entry,
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


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0, 3, 14, 31, MAX_DISTANCE]),
    st.sampled_from([None, 1, 4]),
    st.sampled_from([1, 3, 256]),
)
def test_tables_give_the_groups_of_all_pairs(
    seed: int, distance: int, pairs_per_hash: int | None, large_entry: int
) -> None:
    rng = np.random.default_rng(seed)
    hashes = near_hashes(rng, 60, 40, distance + 1)  # the first of a family within and beyond
    groups = by_tables(hashes, distance, pairs_per_hash, large_entry)
    heads, distances = by_all_pairs(hashes, distance)
    assert groups.heads.tolist() == heads
    assert groups.distances.tolist() == distances


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(10, 34), st.sampled_from([3, 256]))
def test_clustered_hashes_have_the_groups_of_all_pairs(
    seed: int, changed: int, large_entry: int
) -> None:
    rng = np.random.default_rng(seed)
    template = rng.integers(0, 256, 32).astype(np.uint8)
    around = [flipped(template, rng.choice(BITS, changed, replace=False)) for _ in range(300)]
    others = rng.integers(0, 256, (50, 32)).astype(np.uint8)
    hashes = rng.permutation(np.unique(np.concatenate([np.stack(around), others]), axis=0))
    groups = by_tables(hashes, 31, large_entry=large_entry)
    heads, distances = by_all_pairs(hashes, 31)
    assert groups.heads.tolist() == heads
    assert groups.distances.tolist() == distances


def test_pairs_at_every_distance_are_found_up_to_the_bound() -> None:
    rng = np.random.default_rng(3)
    families = [rng.integers(0, 256, 32).astype(np.uint8) for _ in range(3000)]
    changed = np.arange(3000) % 33
    copies = [
        flipped(first, rng.choice(BITS, bits, replace=False))
        for first, bits in zip(families, changed, strict=True)
        if bits
    ]
    groups = by_tables(np.concatenate([families, copies]), 31)
    bits = changed[changed > 0]
    assert (groups.heads[:3000] == np.arange(3000)).all()
    is_member = groups.heads[3000:] != np.arange(3000, 3000 + len(copies))
    assert (is_member == (bits <= 31)).all()
    assert (groups.distances[3000:][is_member] == bits[is_member]).all()


def test_a_large_family_is_one_group() -> None:
    rng = np.random.default_rng(5)
    template = rng.integers(0, 256, 32).astype(np.uint8)
    family = [flipped(template, rng.choice(BITS, 6, replace=False)) for _ in range(5000)]
    hashes = np.concatenate([template[None], np.unique(np.stack(family), axis=0)])
    groups = by_tables(hashes, 31)
    assert not groups.heads.any()
    assert groups.distances[1:].max() == 6
