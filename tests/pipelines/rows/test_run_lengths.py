"""Masks that would crash or hang pycocotools are refused before it reads them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from pipelines.rows.run_lengths import WrongMask, covers, read_mask


@given(
    arrays(
        np.uint8,
        array_shapes(min_dims=2, max_dims=2, max_side=40),
        elements=st.sampled_from([0, 1]),
    )
)
def test_what_pycocotools_writes_covers_its_pixels(pixels: np.ndarray) -> None:
    counts = coco.encode(np.asfortranarray(pixels))["counts"].decode()
    assert covers(counts, pixels.size)
    assert not covers(counts, pixels.size + 1)
    assert not covers(counts, pixels.size - 1)


def reads(counts: str, pixels: int) -> bool:
    """Return what `covers` returns, character by character."""
    lengths: list[int] = []
    number = digits = 0
    for character in counts:
        code = ord(character) - 48
        if not 0 <= code < 64 or digits == 7:
            return False
        number |= (code & 31) << 5 * digits
        digits += 1
        if code & 32:
            continue
        number -= (1 << 5 * digits) if code & 16 else 0
        lengths.append(number + (lengths[-2] if len(lengths) > 2 else 0))
        number = digits = 0
    return not digits and all(0 <= each <= pixels for each in lengths) and sum(lengths) == pixels


@given(
    st.text(st.characters(min_codepoint=47, max_codepoint=112), max_size=12),
    st.sampled_from([1, 10, 100]),
)
def test_numbers_are_read_as_one_by_one(counts: str, pixels: int) -> None:
    assert covers(counts, pixels) == reads(counts, pixels)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_any_lengths_are_read(lengths: list[int]) -> None:
    """The text is written as COCO's `rleToString` writes it."""
    counts = ""
    for place, length in enumerate(lengths):
        rest = length - (lengths[place - 2] if place > 2 else 0)
        while True:
            code, rest = rest & 31, rest >> 5
            more = rest != (-1 if code & 16 else 0)
            counts += chr(48 + code + 32 * more)
            if not more:
                break
    assert covers(counts, sum(lengths)) == reads(counts, sum(lengths)) is True


@given(st.text(st.characters(min_codepoint=47, max_codepoint=112), max_size=12))
def test_texts_that_are_let_through_are_read_by_pycocotools(counts: str) -> None:
    if covers(counts, 100):
        mask = coco.decode({"size": [10, 10], "counts": counts})
        again = coco.encode(mask)
        assert coco.area(again) == mask.sum()


@pytest.mark.parametrize("counts", ["", "é", "o" * 6, "P", "0o", "o" * 60 + "0", "T3\0", " "])
def test_no_other_text_is_a_mask(counts: str) -> None:
    with pytest.raises(WrongMask, match="do not cover"):
        read_mask({"size": [10, 10], "counts": counts})


@pytest.mark.parametrize(
    "mask",
    [
        None,
        "a text",
        {"size": [10, 10]},
        {"size": None, "counts": "T3"},
        {"size": [10], "counts": "T3"},
        {"size": [10, 10, 1], "counts": "T3"},
        {"size": [10, None], "counts": "T3"},
        {"size": [0, 10], "counts": "0"},
        {"size": [-10, -10], "counts": "T3"},
        {"size": [2**31, 1], "counts": "T3"},
        {"size": [2**16, 2**16], "counts": "0PPPPPP4"},
        {"size": [10, 10], "counts": None},
        {"size": [10, 10], "counts": ["T3"]},
    ],
)
def test_no_other_value_is_a_mask(mask: object) -> None:
    with pytest.raises(WrongMask):
        read_mask(mask)


def test_counts_may_be_bytes() -> None:
    counts = coco.encode(np.ones((10, 10), np.uint8, order="F"))["counts"]
    assert read_mask({"size": [10, 10], "counts": counts}) == ((10, 10), counts.decode())


def test_a_mask_of_a_long_image_is_read() -> None:
    counts = coco.encode(np.ones((2, 70_000), np.uint8, order="F"))["counts"].decode()
    assert read_mask({"size": [2, 70_000], "counts": counts}).size == (2, 70_000)


def test_the_largest_mask_is_read() -> None:
    height, width = 1 << 16, (1 << 16) - 1  # pycocotools counts pixels in 32 bits
    corners = [0, 0, width, 0, width, height, 0, height]
    (whole,) = coco.frPyObjects([corners], height, width)
    assert covers(whole["counts"].decode(), height * width)
    assert coco.area(whole) == height * width
