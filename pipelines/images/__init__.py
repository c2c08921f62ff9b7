"""From encoded bytes to upright RGB: the only room where Pillow decodes."""

from pipelines.images.decoder_process import DecoderProcess
from pipelines.images.image import (
    DecodedImage,
    DecodeOptions,
    EncodedImage,
    ImageFault,
    OpenedImage,
    UprightImage,
)

__all__ = [
    "DecodeOptions",
    "DecodedImage",
    "DecoderProcess",
    "EncodedImage",
    "ImageFault",
    "OpenedImage",
    "UprightImage",
]
