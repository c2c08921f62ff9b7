"""Opens encoded images: reads the header first, then decodes to upright RGB."""

import io
import logging
import warnings
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

from pipelines.config.input import Limits
from pipelines.config.video import evenly_spaced
from pipelines.images.color import MODES, to_rgb
from pipelines.images.completed_file import CompletedFile
from pipelines.images.cut_files import complete_file
from pipelines.images.frames import count_frames
from pipelines.images.tiff_limits import tile_size
from pipelines.images.tiff_messages import silence_libtiff
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
_STRIP = 256  # rows that are compared at a time
_SIDEWAYS = frozenset({5, 6, 7, 8})  # orientations that swap width and height

# Pillow quotes damaged metadata in warnings, and logs each EXIF tag at debug level: both leak.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)
silence_libtiff()
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
    min_decoded_rows: float | None = None  # of a cut image that is accepted; None: none is


class DecodedImage(NamedTuple):
    """A decoded image: the model image of its first frame, and the frames for filters."""

    model_images: tuple[RGB, ...]  # each [S, S, 3]; empty if none is requested
    frames: tuple[RGB, ...]
    is_truncated: bool = False  # the file ends before its first frame does
    decoded_rows: float = 1.0  # share of rows whose pixels are all in the file, from 0 to 1


class OpenedImage(Protocol):
    """An image whose header has been read; width and height are of the upright image."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def num_frames(self) -> int: ...
    @property
    def duration(self) -> float | None:
        """The length of a video in seconds; None if it is unknown, and for an image."""

    @property
    def fps(self) -> float | None:
        """The frames of a video in a second, on average; None if unknown, and for an image."""

    @property
    def is_video(self) -> bool:
        """Whether frames throughout it are sampled, as `input.video` says."""

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
    _data: bytes = field(repr=False)

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
        return cls(width, height, num_frames, opened, orientation, limits, data)

    @property
    def duration(self) -> None:
        """Return None: only videos have a length."""
        return

    @property
    def fps(self) -> None:
        """Return None, as `duration` does."""
        return

    @property
    def is_video(self) -> bool:
        return False

    def decode(self, options: DecodeOptions) -> DecodedImage:
        """Decode the model image and the frames for filters; can be called once.

        Raises ImageFault if the image is damaged.
        """
        first = self.upright(options.min_side, options.min_decoded_rows)
        model_images = (first.fit(options.model_image),) if options.model_image else ()
        frames: list[RGB] = []
        if options.frames:
            # Pillow may reuse one buffer for all frames: the first is copied before the next.
            frames.append(first.pixels())
            later = evenly_spaced(self.num_frames, options.frames)[1:]
            frames += (self.frame(number).pixels() for number in later)
        return DecodedImage(model_images, tuple(frames), first.is_truncated, first.decoded_rows)

    def upright(
        self, min_side: int | None = None, min_decoded_rows: float | None = None
    ) -> "UprightImage":
        """Decode the first frame and turn it upright; can be called once.

        With `min_side`, a JPEG is decoded at the smallest scale (1, 1/2, 1/4, 1/8) at which both
        sides still have that many pixels. Smaller images and other formats are decoded in full.
        With `min_decoded_rows`, a JPEG, PNG or GIF that ends early is accepted if it has that share
        of its rows. Raises ImageFault if the image is damaged.
        """
        try:
            return self._turned(_drafted(self._opened, min_side))
        except Exception as error:  # noqa: BLE001 - as above
            error_type = type(error).__name__
        completed = complete_file(self._data, self._opened.format)
        if completed is None:
            raise ImageFault("image_undecodable", error_type)
        if min_decoded_rows is None:
            raise ImageFault("image_truncated", error_type)
        try:
            image, rows = self._decode_completed(completed, min_side, min_decoded_rows)
        except Exception as error:  # noqa: BLE001 - as above
            raise ImageFault("image_undecodable", type(error).__name__) from None
        if image is None or rows < min_decoded_rows:
            raise ImageFault("image_truncated", error_type)
        return replace(image, is_truncated=True, decoded_rows=rows)

    def _decode_completed(
        self, completed: CompletedFile, min_side: int | None, min_decoded_rows: float
    ) -> tuple["UprightImage | None", float]:
        """Decode the first frame of a file that was cut, and measure its share of rows.

        A frame that is known to have too few rows is not decoded.
        """
        rows = completed.rows
        if rows is not None and rows < min_decoded_rows:
            return None, rows
        opened = self._reopened(completed.data, min_side)
        if rows is None:
            rows = _share_of_equal_rows(opened, self._reopened(completed.other, min_side))
        return self._turned(opened), rows

    def _reopened(self, data: bytes, min_side: int | None) -> Image.Image:
        opened = Image.open(io.BytesIO(data), formats=_FORMATS)
        _check(opened, self._limits)
        return _drafted(opened, min_side)

    def frame(self, number: int) -> "UprightImage":
        """Decode a frame; frames are decoded in their order, each once.

        Every frame before it is checked on the way: each page has its own size and mode, and a
        frame of a GIF may enlarge the canvas, for which Pillow allocates memory at the next frame.
        Raises ImageFault if the frame is damaged.
        """
        if number == 0:
            return self.upright()
        try:
            for step in range(self._opened.tell() + 1, number + 1):
                self._opened.seek(step)
                _check(self._opened, self._limits)
            return self._turned(self._opened)
        except ImageFault:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            raise ImageFault("image_undecodable", type(error).__name__) from None

    def _turned(self, opened: Image.Image) -> "UprightImage":
        image = to_rgb(opened)
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
    is_truncated: bool = False  # the file ends before the image does
    decoded_rows: float = 1.0  # share of rows whose pixels are all in the file, from 0 to 1

    def pixels(self) -> RGB:
        """Return all pixels, [height, width, 3]."""
        return np.asarray(self._upright)

    def fit(self, spec: ImageSpec) -> RGB:
        """Resize to [S, S, 3] pixels; the aspect ratio is not kept."""
        size = (spec.side, spec.side)
        return np.asarray(self._upright.resize(size, _RESAMPLING[spec.resample]))


def _drafted(opened: Image.Image, min_side: int | None) -> Image.Image:
    """Set a JPEG's scale to the smallest at which both sides have `min_side` pixels."""
    if min_side is not None:
        opened.draft("RGB", (min_side, min_side))
    return opened


def _share_of_equal_rows(one: Image.Image, other: Image.Image) -> float:
    """Return the share of rows above the first row that differs, from 0 to 1."""
    width, height = one.size
    for top in range(0, height, _STRIP):
        box = (0, top, width, min(top + _STRIP, height))
        differ = np.asarray(one.crop(box)) != np.asarray(other.crop(box))
        rows = differ.reshape(len(differ), -1).any(axis=1)
        if rows.any():
            return float(top + rows.argmax()) / height
    return 1.0


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
