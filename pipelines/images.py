"""From encoded bytes to upright RGB: the one place where Pillow decodes."""

import io
import warnings
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from schemas.sample import RGB

# Interpreters (EPS, SVG), layered formats and rarities stay shut.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
_DEEP = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})  # grey of more than 8 bits
# Modes that become RGB without clipping; Pillow itself takes the high bytes of 16-bit colour.
_MODES = _DEEP | {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
_TOPS = (1.0, 255.0, 65535.0)  # of the usual ranges of grey, each from 0
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

warnings.filterwarnings("ignore", module=r"PIL\.")  # on damaged metadata: they may quote them
Image.MAX_IMAGE_PIXELS = None  # the job's own cap is checked first, and holds for any size


class ImageFault(Exception):
    """An image cannot be used; `reason` is a code, `error` the type of what Pillow raised."""

    def __init__(self, reason: str, error: str = "") -> None:
        super().__init__(reason, error)
        self.reason = reason
        self.error = error


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image whose header has been read; its size is that of the upright image, in pixels."""

    width: int
    height: int
    _opened: Image.Image = field(repr=False)
    _orientation: int

    @classmethod
    def open(cls, data: bytes, max_pixels: int) -> "EncodedImage":
        """Read the header alone; ImageFault where it is none, or has more than `max_pixels`."""
        try:
            opened = Image.open(io.BytesIO(data), formats=_FORMATS)
            width, height = opened.size
            if width * height > max_pixels:
                raise ImageFault("image_too_many_pixels")
            if opened.mode not in _MODES:
                raise ImageFault("image_mode_unsupported")
            orientation = _orientation(opened)
        except ImageFault:
            raise
        except Exception as error:  # noqa: BLE001 - Pillow raises many types on hostile bytes
            raise ImageFault("image_undecodable", type(error).__name__) from None
        if orientation in _SIDEWAYS:
            width, height = height, width
        return cls(width, height, opened, orientation)

    def decode(self, covering: int | None = None) -> RGB:
        """The pixels of `upright`, [height, width, 3]."""
        return self.upright(covering).pixels()

    def upright(self, covering: int | None = None) -> "UprightImage":
        """The first frame, decoded and turned upright; can be called once.

        With `covering`, a JPEG is decoded at the smallest scale (1, 1/2, 1/4, 1/8) at which both
        sides still have that many pixels; other formats and smaller images in full.
        """
        try:
            if covering is not None:
                self._opened.draft("RGB", (covering, covering))
            upright = _rgb(self._opened)
            if self._orientation in _TRANSPOSITIONS:
                upright = upright.transpose(_TRANSPOSITIONS[self._orientation])
            return UprightImage(upright)
        except Exception as error:  # noqa: BLE001 - as above
            raise ImageFault("image_undecodable", type(error).__name__) from None


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


def _rgb(image: Image.Image) -> Image.Image:
    """To RGB; what is transparent shows white, not the pixels hidden under it."""
    if image.mode in _DEEP:
        return Image.fromarray(_grey(image)).convert("RGB")
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        # Pillow takes every CMYK JPEG for one of Adobe's, which are stored inverted.
        return Image.fromarray(255 - np.asarray(image), "CMYK").convert("RGB")
    if not image.has_transparency_data:
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _grey(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Deep grey as 8 bits, [height, width]: scaled, for clipping would show filters plain white.

    16 bits give their high byte, as with colour. Other depths state no range: they are scaled over
    the smallest usual one that holds them, else over their own. What is not finite is black.
    """
    values = np.asarray(image)
    if values.dtype.itemsize == 2:
        grey = (values >> 8).astype(np.uint8)
    else:
        values = values.astype(np.float32)
        finite = np.isfinite(values)
        low = float(values.min(initial=0, where=finite))
        high = float(values.max(initial=low, where=finite))
        if low == 0:
            high = next((top for top in _TOPS if high <= top), high)
        values = np.where(finite, values, low)
        grey = ((values - low) * (255 / (high - low or 1))).round().astype(np.uint8)
    if isinstance(clear := image.info.get("transparency"), int):
        grey[np.asarray(image) == clear] = 255
    return grey
