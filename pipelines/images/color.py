"""Converts any Pillow mode to RGB without clipping, and shows transparent pixels as white."""

import numpy as np
import numpy.typing as npt
from PIL import Image

_DEEP = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})  # gray of more than 8 bits
# Modes that convert without clipping; Pillow itself takes the high byte of 16-bit color.
MODES = _DEEP | {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
_TOPS = (1.0, 255.0, 65535.0)  # upper ends of the usual gray ranges, which begin at 0


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB; a transparent pixel becomes white, whatever its hidden color."""
    if image.mode in _DEEP:
        return Image.fromarray(_gray(image)).convert("RGB")
    if image.mode == "CMYK" and image.format == "JPEG" and "adobe" not in image.info:
        # Pillow inverts every CMYK JPEG as if Adobe had written it; this one was not.
        return Image.fromarray(255 - np.asarray(image), "CMYK").convert("RGB")
    if not image.has_transparency_data:
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert("RGB")


def _gray(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Scale gray of more than 8 bits to 8 bits, [height, width]; clipping would make it white.

    16-bit pixels become their high byte. Pixels of other depths state no range: values from 0 on
    are scaled by the smallest of `_TOPS` that is large enough, or else by their maximum; values
    with negative ones are scaled from minimum to maximum. Pixels that are not finite become black,
    and transparent ones white.
    """
    values = np.asarray(image)
    if values.dtype.itemsize == 2:
        gray = (values >> 8).astype(np.uint8)
    else:
        values = values.astype(np.float32)
        finite = np.isfinite(values)
        low = float(values.min(initial=0, where=finite))
        high = float(values.max(initial=low, where=finite))
        if low == 0:
            high = next((top for top in _TOPS if high <= top), high)
        values = np.where(finite, values, low)
        gray = ((values - low) * (255 / (high - low or 1))).round().astype(np.uint8)
    if isinstance(clear := image.info.get("transparency"), int):
        gray[np.asarray(image) == clear] = 255
    return gray
