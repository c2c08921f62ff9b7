"""From encoded bytes to upright RGB: the one place where Pillow decodes."""

from pipelines.images.encoded import (
    Caps,
    Decoded,
    Decoding,
    EncodedImage,
    ImageFault,
    OpenedImage,
    UprightImage,
)
from pipelines.images.isolated import IsolatedDecoder

__all__ = [
    "Caps",
    "Decoded",
    "Decoding",
    "EncodedImage",
    "ImageFault",
    "IsolatedDecoder",
    "OpenedImage",
    "UprightImage",
]
