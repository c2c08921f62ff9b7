"""The index agrees with a comparison of all hashes, on both sides of the distance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filters.images.hamming_index import HammingIndex, Hashes


def flipped(hash: Hashes, bits: list[int]) -> Hashes:
    mask = np.zeros(256, np.uint8)
    mask[bits] = 1
    return hash ^ np.packbits(mask)


RANDOM = np.random.default_rng(0)
HASHES = RANDOM.integers(0, 256, (500, 32), np.uint8)


@pytest.mark.parametrize("most", [0, 1, 15, 16, 31, 32, 63])
def test_the_distance_is_inclusive(most: int) -> None:
    index = HammingIndex(HASHES, most)
    for _ in range(50):
        hash = HASHES[RANDOM.integers(len(HASHES))]
        bits = RANDOM.permutation(256)
        assert index.has_near(flipped(hash, bits[:most].tolist())[None])
        assert not index.has_near(flipped(hash, bits[: most + 1].tolist())[None])


@pytest.mark.parametrize("word", range(16))
def test_differences_may_lie_anywhere(word: int) -> None:
    """Positions of differing bits: packed into few words, or spread evenly, the worst case."""
    index = HammingIndex(HASHES[:1], 31)
    assert index.has_near(flipped(HASHES[0], [*range(16 * word, min(16 * word + 31, 256))])[None])
    spread = [16 * other + bit for other in range(16) for bit in (3, 11)]
    spread.remove(16 * word + 3)
    assert len(spread) == 31
    assert index.has_near(flipped(HASHES[0], spread)[None])


def test_one_of_several_hashes_is_enough() -> None:
    index = HammingIndex(HASHES, 31)
    strangers = np.random.default_rng(1).integers(0, 256, (8, 32), np.uint8)
    assert not index.has_near(strangers)
    for place in range(8):
        query = strangers.copy()
        query[place] = HASHES[place]
        assert index.has_near(query)


def test_equal_hashes_and_full_words_are_found() -> None:
    hashes = np.array([[0] * 32, [255] * 32, [0] * 32, [255] * 32], np.uint8)
    index = HammingIndex(hashes, 31)
    for value in (0, 255):
        assert index.has_near(np.full((1, 32), value, np.uint8))
    assert not index.has_near(np.full((1, 32), 0x0F, np.uint8))


@given(st.integers(0, 63), st.lists(st.integers(0, 255), max_size=80), st.integers(1, 20))
def test_the_index_agrees_with_a_comparison_of_all_hashes(
    most: int, bits: list[int], number: int
) -> None:
    hashes = HASHES[:number]
    query = flipped(hashes[-1], bits)
    nearest = np.bitwise_count(hashes ^ query).sum(axis=1).min()
    assert HammingIndex(hashes, most).has_near(query[None]) == (nearest <= most)
