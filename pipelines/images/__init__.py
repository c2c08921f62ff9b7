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
from pipelines.images.in_memory import check_image, encode_image

__all__ = [
    "DecodeOptions",
    "DecodedImage",
    "DecoderProcess",
    "EncodedImage",
    "ImageFault",
    "OpenedImage",
    "UprightImage",
    "check_image",
    "encode_image",
]
