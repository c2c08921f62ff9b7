"""Opens encoded images: reads the header first, then decodes to upright RGB."""

import io
import logging
import warnings
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

from pipelines.config.input import Limits
from pipelines.images.color import MODES, to_rgb
from pipelines.images.frames import count_frames, sampled
from pipelines.images.tiff_limits import tile_size
from schemas.generation import ImageSpec
from schemas.sample import RGB

# Formats with interpreters (EPS, SVG), layered formats and rare formats are not opened.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
_ORIENTATION = 0x0112  # EXIF tag
_TRANSPOSITIONS = {  # EXIF orientation -> the transposition that makes the image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})  # orientations that swap width and height

# Pillow quotes damaged metadata in warnings, and logs each EXIF tag at debug level: both leak.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)
Image.MAX_IMAGE_PIXELS = None  # the job's own limit is checked first, for any size


class ImageFault(Exception):
    """The error of an image that cannot be used.

    `reason` is a reason code, `error` the type of Pillow's exception.
    """

    def __init__(self, reason: str, error: str = "") -> None:
        super().__init__(reason, error)
        self.reason = reason
        self.error = error


class DecodeOptions(NamedTuple):
    """The images that decoding returns, and their scale."""

    model_image: ImageSpec | None  # None: no model image
    min_side: int | None = None  # decode a JPEG at the smallest scale with both sides >= min_side
    frames: int = 0  # frames for filters, at most


class DecodedImage(NamedTuple):
    """A decoded image: the model image of its first frame, and the frames for filters."""

    model_image: RGB | None  # [S, S, 3]
    frames: tuple[RGB, ...]


class OpenedImage(Protocol):
    """An image whose header has been read; width and height are of the upright image."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def num_frames(self) -> int: ...

    def decode(self, options: DecodeOptions, /) -> DecodedImage:
        """Decode the image; raise ImageFault if it is damaged. Can be called once."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image opened in this process."""

    width: int
    height: int
    num_frames: int  # frames of an animation, or pages; 1 for any other image
    _opened: Image.Image = field(repr=False)
    _orientation: int
    _limits: Limits

    @classmethod
    def open(cls, data: bytes, limits: Limits) -> "EncodedImage":
        """Read only the header; raise ImageFault if it is malformed or exceeds a limit."""
        try:
            opened = Image.open(io.BytesIO(data), formats=_FORMATS)
            _check(opened, limits)
            num_frames = count_frames(opened, data, limits.max_frames + 1)
            orientation = _orientation(opened)
        except ImageFault:
            raise
        except Exception as error:  # noqa: BLE001 - Pillow raises many types on hostile bytes
            raise ImageFault("image_undecodable", type(error).__name__) from None
        width, height = opened.size
        if num_frames > limits.max_frames:
            raise ImageFault("image_too_many_frames")
        if num_frames > 1 and num_frames * width * height > limits.max_animation_pixels:
            raise ImageFault("image_too_many_pixels")
        if orientation in _SIDEWAYS:
            width, height = height, width
        return cls(width, height, num_frames, opened, orientation, limits)

    def decode(self, options: DecodeOptions) -> DecodedImage:
        """Decode the model image and the frames for filters; can be called once.

        Raises ImageFault if the image is damaged.
        """
        first = self.upright(options.min_side)
        model_image = first.fit(options.model_image) if options.model_image else None
        if not options.frames:
            return DecodedImage(model_image, ())
        # Pillow may reuse one buffer for all frames, so the first frame is copied before the next.
        frames = [first.pixels()]
        frames += [self._frame(number) for number in sampled(self.num_frames, options.frames)[1:]]
        return DecodedImage(model_image, tuple(frames))

    def upright(self, min_side: int | None = None) -> "UprightImage":
        """Decode the first frame and turn it upright; can be called once.

        With `min_side`, a JPEG is decoded at the smallest scale (1, 1/2, 1/4, 1/8) at which both
        sides still have that many pixels. Smaller images and other formats are decoded in full.
        Raises ImageFault if the image is damaged.
        """
        try:
            if min_side is not None:
                self._opened.draft("RGB", (min_side, min_side))
            return self._turned()
        except Exception as error:  # noqa: BLE001 - as above
            raise ImageFault("image_undecodable", type(error).__name__) from None

    def _frame(self, number: int) -> RGB:
        """Decode a frame after the first.

        Every frame before it is checked on the way: each page has its own size and mode, and a
        frame of a GIF may enlarge the canvas, for which Pillow allocates memory at the next frame.
        """
        try:
            for step in range(self._opened.tell() + 1, number + 1):
                self._opened.seek(step)
                _check(self._opened, self._limits)
            return self._turned().pixels()
        except ImageFault:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            raise ImageFault("image_undecodable", type(error).__name__) from None

    def _turned(self) -> "UprightImage":
        image = to_rgb(self._opened)
        if self._orientation in _TRANSPOSITIONS:
            image = image.transpose(_TRANSPOSITIONS[self._orientation])
        return UprightImage(image)


@dataclass(frozen=True, slots=True)
class UprightImage:
    """A decoded image in Pillow's memory.

    Pixels are copied to numpy on request only: for a photograph of 640x480, copying them to numpy
    and back would take 0.4 of 4.2 ms.
    """

    _upright: Image.Image = field(repr=False)  # RGB

    def pixels(self) -> RGB:
        """Return all pixels, [height, width, 3]."""
        return np.asarray(self._upright)

    def fit(self, spec: ImageSpec) -> RGB:
        """Resize to [S, S, 3] pixels; the aspect ratio is not kept."""
        size = (spec.side, spec.side)
        return np.asarray(self._upright.resize(size, _RESAMPLING[spec.resample]))


def _check(opened: Image.Image, limits: Limits) -> None:
    if any(
        width * height > limits.max_pixels for width, height in (opened.size, tile_size(opened))
    ):
        raise ImageFault("image_too_many_pixels")
    if opened.mode not in MODES:
        raise ImageFault("image_mode_unsupported")


def _orientation(opened: Image.Image) -> int:
    """Return the EXIF orientation in the header; 1 if it is missing or unreadable.

    Pillow itself turns TIFF upright, so TIFF gives 1. PNG may have EXIF data after the pixels,
    where reading them would decode the image, so only EXIF data before the pixels count.
    """
    if opened.format == "TIFF" or (opened.format == "PNG" and "exif" not in opened.info):
        return 1
    try:
        return int(opened.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - EXIF data can be damaged in many ways beside good pixels
        return 1
