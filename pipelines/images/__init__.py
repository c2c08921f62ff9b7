"""From encoded bytes to upright RGB: the one place where Pillow decodes."""

from pipelines.images.decoder_process import IsolatedDecoder
from pipelines.images.image import (
    Caps,
    Decoded,
    Decoding,
    EncodedImage,
    ImageFault,
    OpenedImage,
    UprightImage,
)

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
