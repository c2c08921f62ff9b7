"""Small pictures: their size, and the boxes of text that are covered in them."""

import io

import numpy as np
import pytest
from PIL import Image

from pipelines.images.small_picture import SIDE, small_picture
from schemas.sample import RGB, TextBox


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


def white(width: int, height: int) -> RGB:
    return np.full((height, width, 3), 255, np.uint8)


@pytest.mark.parametrize(
    ("size", "small"),
    [
        ((40, 30), (40, 30)),
        ((SIDE, 1), (SIDE, 1)),
        ((SIDE * 2, SIDE), (SIDE, SIDE // 2)),
        ((10, SIDE * 4), (2, SIDE)),
    ],
)
def test_large_images_are_reduced(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert opened(small_picture(white(*size), size)).size == small


@pytest.mark.parametrize("scale", [1, 2])
def test_boxes_are_covered_also_in_an_image_that_was_decoded_reduced(scale: int) -> None:
    original = (80 * scale, 60 * scale)
    box = TextBox(0, 16 * scale, 8 * scale, 48 * scale, 32 * scale, "words")
    picture = np.asarray(opened(small_picture(white(80, 60), original, [box])))
    inside = picture[10:30, 18:46].astype(int)
    assert abs(inside - 128).max() < 12
    outside = picture[40:, 56:]
    assert outside.min() > 240


def test_a_box_at_the_border_stays_in_the_picture() -> None:
    box = TextBox(0, -5, -5, 500, 500, "words")
    picture = np.asarray(opened(small_picture(white(40, 30), (40, 30), [box])))
    assert picture.shape == (30, 40, 3)
    assert picture.max() < 140


def test_the_same_image_gives_the_same_bytes() -> None:
    assert small_picture(white(50, 50), (50, 50)) == small_picture(white(50, 50), (50, 50))
