"""Decode encoded images, and resize them for a model, as the pipeline does."""

from pipelines.config.input import Limits
from pipelines.images import EncodedImage, UprightImage
from schemas.generation import ImageSpec
from schemas.sample import RGB

_MAX_PIXELS = 1 << 24  # more than any scene has


def decode_image(image: bytes) -> RGB:
    """The upright pixels, uint8 [height, width, 3]."""
    return _upright(image).pixels()


def model_image(image: bytes, side: int) -> RGB:
    """The upright pixels resized to uint8 [side, side, 3], without keeping the aspect ratio."""
    return _upright(image).fit(ImageSpec(side))


def _upright(image: bytes) -> UprightImage:
    return EncodedImage.open(image, Limits(max_pixels=_MAX_PIXELS)).upright()
