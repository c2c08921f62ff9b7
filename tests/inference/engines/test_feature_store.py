"""Blocks inside `sharing_images` encode an image once, and are answered as without it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.plain_forward import PlainForward
from support.same_answers import assert_same

from inference.engines.feature_store import FeatureStore
from schemas.generation import Request

IMAGES = np.random.default_rng(3).integers(0, 256, (5, 56, 56, 3), dtype=np.uint8)
ARRAYS = tuple(IMAGES)
FIRST = [Request((image,), (("caption en", 8),)) for image in ARRAYS]
SECOND = [
    Request(images, (("detect red circle", 8), ("ocr", 4)))
    for images in [(ARRAYS[1],), (IMAGES[0].copy(),), (ARRAYS[4], ARRAYS[2])]
]


@pytest.fixture(params=["reference", "fast"])
def counted(
    request: pytest.FixtureRequest, checkpoint: Callable[..., Path], engine: Callable[..., Any]
) -> tuple[Any, list[int]]:
    """An engine, and the numbers of images that it encodes together."""
    loaded, sizes = engine(checkpoint(2), kind=request.param), []
    pixel_values = loaded._pixel_values

    def counting(images: Any) -> torch.Tensor:
        sizes.append(len(images))
        return pixel_values(images)  # type: ignore[no-any-return]

    loaded._pixel_values = counting
    return loaded, sizes


def test_an_image_is_encoded_once(
    counted: tuple[Any, list[int]],
    checkpoint: Callable[..., Path],
    exact: Callable[[Path], PlainForward],
) -> None:
    engine, sizes = counted
    apart = engine.generate(FIRST), engine.generate(SECOND)
    assert sizes == [4, 1, 4]
    sizes.clear()
    with engine.sharing_images():
        shared = engine.generate(FIRST), engine.generate(SECOND)
    assert sizes == [4, 1, 1]  # the equal copy is another image
    for block, one, other in zip((FIRST, SECOND), shared, apart, strict=True):
        assert_same(block, one, other, exact(checkpoint(2)))
    sizes.clear()
    engine.generate(SECOND)
    assert sizes == [4]  # nothing is kept after the context


def test_later_images_are_encoded_again_where_the_store_is_full() -> None:
    encoded: list[int] = []

    def encode(images: Any) -> torch.Tensor:
        encoded.extend(int(image[0, 0, 0]) for image in images)
        return torch.stack([torch.full((2, 3), float(image[0, 0, 0])) for image in images])

    images = [np.full((1, 1, 3), number, dtype=np.uint8) for number in range(5)]
    store = FeatureStore("cpu", most_bytes=3 * 24 + 23)
    for asked in ([0, 1], [1, 2, 3], [4, 0, 2], [3]):
        features = store.encode([images[number] for number in asked], encode)
        assert features[:, 1, 2].tolist() == asked
    assert encoded == [0, 1, 2, 3, 4, 3]
