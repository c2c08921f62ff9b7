"""Encoded images as the pipeline decodes them, and as it shows them to a model."""

from pipelines.images import EncodedImage, fit
from schemas.sample import RGB

_MOST_PIXELS = 1 << 24  # no scene has as many


def decoded(image: bytes) -> RGB:
    """Upright pixels, [height, width, 3]."""
    return EncodedImage.open(image, _MOST_PIXELS).decode()


def seen(image: bytes, side: int) -> RGB:
    """Squashed to [side, side, 3]."""
    return fit(decoded(image), side)
