"""Turns images in memory (Pillow's images, numpy arrays) and files into encoded images."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from pipelines.config.input import Limits
from pipelines.images.color import to_rgb
from pipelines.images.image import ImageFault
from schemas.errors import JobError
from schemas.regular_file import open_regular

_PNG_MODES = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})  # stored by PNG without loss
_GIVE = "give a path, bytes, an image of Pillow, or an array of uint8 [height, width, 3]"


def check_image(image: object) -> None:
    """Raise JobError if a value is not an image: a mistake in the program, not in the data."""
    if isinstance(image, str | os.PathLike):
        _check_path(Path(image), str(image))
    elif isinstance(image, np.ndarray):
        if image.dtype != np.uint8:
            raise JobError(
                f"is an array of {image.dtype}: scale it to 0 to 255, then astype(uint8)"
            )
        if image.ndim not in (2, 3) or image.shape[2:] not in ((), (1,), (3,), (4,)):
            raise JobError(
                f"is an array of shape {image.shape}: give [height, width] or [height, width, 3]"
            )
        if 0 in image.shape:
            raise JobError(f"is an array of shape {image.shape}, which has no pixels")
    elif not isinstance(image, Image.Image | bytes | bytearray):
        raise JobError(f"is of type {type(image).__name__}: {_GIVE}")


def _check_path(path: Path, text: str) -> None:
    if "://" in text:
        raise JobError(f"{text} is a URL: download it first")
    if path.is_dir():
        raise JobError(f"{text} is a folder: list its files, as with Path({text!r}).glob('*.jpg')")
    if not path.exists():
        raise JobError(f"{text} is not there")
    if not path.is_file():
        raise JobError(f"{text} is a pipe, a socket or a device: give a file")


def encode_image(image: object, limits: Limits) -> bytes:
    """Return the encoded image: the content of a file, or a PNG with the same pixels.

    An image of Pillow is turned upright by its EXIF orientation, like a file; of an animation, the
    current frame is taken. Raises ImageFault if a file cannot be read, if an image of Pillow cannot
    be decoded, and for an image that exceeds a limit.
    """
    if isinstance(image, bytes | bytearray):
        return _bounded(bytes(image), limits)
    if isinstance(image, str | os.PathLike):
        try:
            with open_regular(image) as file:
                return _bounded(file.read(limits.max_image_bytes + 1), limits)
        except OSError as error:
            raise ImageFault("image_unreadable", type(error).__name__) from None
    if isinstance(image, np.ndarray):
        pixels = image[:, :, 0] if image.shape[2:] == (1,) else image
        image = Image.fromarray(np.ascontiguousarray(pixels))
    assert isinstance(image, Image.Image)
    if image.width * image.height > limits.max_pixels:
        raise ImageFault("image_too_many_pixels")
    try:
        return _png(image)
    except Exception as error:  # noqa: BLE001 - a file behind the image can be damaged in any way
        raise ImageFault("image_undecodable", type(error).__name__) from None


def _bounded(content: bytes, limits: Limits) -> bytes:
    if len(content) > limits.max_image_bytes:
        raise ImageFault("image_too_large")
    return content


def _png(image: Image.Image) -> bytes:
    image.load()  # Pillow turns a TIFF upright here, and then forgets its orientation
    exif = Image.Exif()
    if orientation := image.getexif().get(ExifTags.Base.Orientation):
        exif[ExifTags.Base.Orientation] = orientation
    file = io.BytesIO()
    stored = image if image.mode in _PNG_MODES else to_rgb(image)
    stored.save(file, "PNG", compress_level=1, exif=exif)
    return file.getvalue()
