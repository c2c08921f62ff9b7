"""Any mode of Pillow's as RGB: nothing clipped, and nothing shown that was transparent."""

import numpy as np
import numpy.typing as npt
from PIL import Image

_DEEP = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})  # grey of more than 8 bits
# Modes that become RGB without clipping; Pillow itself takes the high bytes of 16-bit colour.
MODES = _DEEP | {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
_TOPS = (1.0, 255.0, 65535.0)  # of the usual ranges of grey, each from 0


def to_rgb(image: Image.Image) -> Image.Image:
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
