"""From encoded bytes to upright RGB: the only room where Pillow and PyAV decode."""

from pipelines.images.decoder_pool import DecoderPool
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
from pipelines.images.side_by_side import in_two_rows, side_by_side
from pipelines.images.video import check_video_package

__all__ = [
    "DecodeOptions",
    "DecodedImage",
    "DecoderPool",
    "DecoderProcess",
    "EncodedImage",
    "ImageFault",
    "OpenedImage",
    "UprightImage",
    "check_image",
    "check_video_package",
    "encode_image",
    "in_two_rows",
    "side_by_side",
]
