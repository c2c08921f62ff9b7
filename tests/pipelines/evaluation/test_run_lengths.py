"""Masks of references that would crash or hang pycocotools are refused before it reads them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from pipelines.evaluation.metrics.run_lengths import covers
from pipelines.evaluation.metrics.values import WrongValue, read_references


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


@given(st.text(st.characters(min_codepoint=47, max_codepoint=112), max_size=12))
def test_texts_that_are_let_through_are_read_by_pycocotools(counts: str) -> None:
    if covers(counts, 100):
        mask = coco.decode({"size": [10, 10], "counts": counts})
        again = coco.encode(mask)
        assert coco.area(again) == mask.sum()


@pytest.mark.parametrize("counts", ["", "é", "o" * 6, "P", "0o", "o" * 60 + "0", "T3\0", " "])
def test_no_other_text_is_a_mask(counts: str) -> None:
    with pytest.raises(WrongValue, match="do not cover"):
        read_references("masks", {"size": [10, 10], "counts": counts})


def test_the_largest_mask_is_read() -> None:
    height, width = 1 << 16, (1 << 16) - 1  # pycocotools counts pixels in 32 bits
    corners = [0, 0, width, 0, width, height, 0, height]
    (whole,) = coco.frPyObjects([corners], height, width)
    assert covers(whole["counts"].decode(), height * width)
    assert coco.area(whole) == height * width
