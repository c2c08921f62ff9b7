"""Decode encoded images, and resize them for a model, as the pipeline does."""

from pipelines.images import Caps, EncodedImage, UprightImage
from schemas.sample import RGB

_MAX_PIXELS = 1 << 24  # more than any scene has


def decode_image(image: bytes) -> RGB:
    """The upright pixels, uint8 [height, width, 3]."""
    return _upright(image).pixels()


def model_image(image: bytes, side: int) -> RGB:
    """The upright pixels resized to uint8 [side, side, 3], without keeping the aspect ratio."""
    return _upright(image).fit(side)


def _upright(image: bytes) -> UprightImage:
    return EncodedImage.open(image, Caps(_MAX_PIXELS)).upright()
