"""Encoded images as the pipeline decodes them, and as it shows them to a model."""

from pipelines.config.input import Limits
from pipelines.images import EncodedImage, UprightImage
from schemas.generation import ImageSpec
from schemas.sample import RGB

_MOST_PIXELS = 1 << 24  # no scene has as many


def decoded(image: bytes) -> RGB:
    """Upright pixels, [height, width, 3]."""
    return _upright(image).pixels()


def seen(image: bytes, side: int) -> RGB:
    """Squashed to [side, side, 3]."""
    return _upright(image).fit(ImageSpec(side))


def _upright(image: bytes) -> UprightImage:
    return EncodedImage.open(image, Limits(max_pixels=_MOST_PIXELS)).upright()
