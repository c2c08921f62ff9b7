"""Images as shards hold them: headers read before any pixel, then upright RGB."""

import io
import logging
import warnings
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from PIL import Image

from pipelines.images.color import MODES, to_rgb
from pipelines.images.frames import count_frames, sampled
from pipelines.images.tiff_limits import tile_size
from schemas.sample import RGB

# Interpreters (EPS, SVG), layered formats and rarities stay shut.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
_ORIENTATION = 0x0112  # EXIF tag
_TRANSPOSITIONS = {  # EXIF orientation -> what makes the image upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset({5, 6, 7, 8})  # orientations that swap width and height

# Warnings on damaged metadata may quote them; at debug level each tag of EXIF data is logged.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)
Image.MAX_IMAGE_PIXELS = None  # the job's own cap is checked first, and holds for any size


class ImageFault(Exception):
    """An image cannot be used; `reason` is a code, `error` the type of what Pillow raised."""

    def __init__(self, reason: str, error: str = "") -> None:
        super().__init__(reason, error)
        self.reason = reason
        self.error = error


class Caps(NamedTuple):
    """What an image may have at most; checked on its header."""

    pixels: int
    frames: int = 10_000
    animation_pixels: int = 1_000_000_000  # of all frames together


class Decoding(NamedTuple):
    """What is made of an image."""

    side: int | None  # S of the picture for the model; None: no picture
    covering: int | None = None  # decode a JPEG at the smallest scale that covers this; None: full
    frames: int = 0  # for filters, at most


class Decoded(NamedTuple):
    """The picture is of the first frame; the first of the frames, where any are asked for, too."""

    picture: RGB | None  # [S, S, 3]
    frames: tuple[RGB, ...]


class OpenedImage(Protocol):
    """An image whose header has been read; its size is that of the upright image, in pixels."""

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def num_frames(self) -> int: ...

    def decode(self, decoding: Decoding, /) -> Decoded:
        """ImageFault where it is damaged; can be called once."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image opened in this process."""

    width: int
    height: int
    num_frames: int  # of an animation, or pages; 1 of any other image
    _opened: Image.Image = field(repr=False)
    _orientation: int
    _caps: Caps

    @classmethod
    def open(cls, data: bytes, caps: Caps) -> "EncodedImage":
        """Read the header alone; ImageFault where it is none, or exceeds a cap."""
        try:
            opened = Image.open(io.BytesIO(data), formats=_FORMATS)
            _check(opened, caps)
            num_frames = count_frames(opened, data, caps.frames + 1)
            orientation = _orientation(opened)
        except ImageFault:
            raise
        except Exception as error:  # noqa: BLE001 - Pillow raises many types on hostile bytes
            raise ImageFault("image_undecodable", type(error).__name__) from None
        width, height = opened.size
        if num_frames > caps.frames:
            raise ImageFault("image_too_many_frames")
        if num_frames > 1 and num_frames * width * height > caps.animation_pixels:
            raise ImageFault("image_too_many_pixels")
        if orientation in _SIDEWAYS:
            width, height = height, width
        return cls(width, height, num_frames, opened, orientation, caps)

    def decode(self, decoding: Decoding) -> Decoded:
        """The picture for the model, and frames for filters; can be called once."""
        first = self.upright(decoding.covering)
        picture = None if decoding.side is None else first.fit(decoding.side)
        if not decoding.frames:
            return Decoded(picture, ())
        # Pillow may keep one memory for all frames: the first is copied before it goes on.
        frames = [first.pixels()]
        frames += [self._frame(number) for number in sampled(self.num_frames, decoding.frames)[1:]]
        return Decoded(picture, tuple(frames))

    def upright(self, covering: int | None = None) -> "UprightImage":
        """The first frame, decoded and turned upright; can be called once.

        With `covering`, a JPEG is decoded at the smallest scale (1, 1/2, 1/4, 1/8) at which both
        sides still have that many pixels; other formats and smaller images in full.
        """
        try:
            if covering is not None:
                self._opened.draft("RGB", (covering, covering))
            return self._turned()
        except Exception as error:  # noqa: BLE001 - as above
            raise ImageFault("image_undecodable", type(error).__name__) from None

    def _frame(self, number: int) -> RGB:
        """A frame after the first.

        Each on the way is checked: a page has a size and mode of its own, and a frame of a GIF may
        enlarge the canvas, for which Pillow takes memory when it goes on to the next.
        """
        try:
            for step in range(self._opened.tell() + 1, number + 1):
                self._opened.seek(step)
                _check(self._opened, self._caps)
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
    """A decoded image, in Pillow's own memory.

    Pixels are copied out where they are asked for alone: out and back in takes 0.4 ms of the 4.2
    that a photograph of 640x480 takes altogether.
    """

    _upright: Image.Image = field(repr=False)  # RGB

    def pixels(self) -> RGB:
        """All of them, [height, width, 3]."""
        return np.asarray(self._upright)

    def fit(self, side: int) -> RGB:
        """Squashed to [side, side, 3] as PaliGemma's processor does: bicubic, antialiased."""
        return np.asarray(self._upright.resize((side, side), Image.Resampling.BICUBIC))


def _check(opened: Image.Image, caps: Caps) -> None:
    if any(width * height > caps.pixels for width, height in (opened.size, tile_size(opened))):
        raise ImageFault("image_too_many_pixels")
    if opened.mode not in MODES:
        raise ImageFault("image_mode_unsupported")


def _orientation(opened: Image.Image) -> int:
    """EXIF orientation as far as the header tells; 1 where there is none, or no readable one.

    Pillow itself turns TIFF upright. PNG may hold EXIF data after the pixels, where asking for
    them would decode the image: only what precedes the pixels counts.
    """
    if opened.format == "TIFF" or (opened.format == "PNG" and "exif" not in opened.info):
        return 1
    try:
        return int(opened.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF data, of many kinds, beside sound pixels
        return 1
