"""Draws what was found on an image: masks, boxes and labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from pycocotools import mask as coco

from pipelines.display.fonts import font, spelled
from pipelines.display.row_fields import Found

Colour = tuple[int, int, int]  # RGB
Box = tuple[int, int, int, int]  # the first and last column and row, x_min, y_min, x_max, y_max

STROKE = 2  # pixels: a box's line, from its edge outwards
_LETTERS = 12  # pixels
_PADDING = 3  # pixels around a label's letters


def mark(
    image: Image.Image, found: Sequence[Found], scale: float, colours: Mapping[str, Colour]
) -> None:
    """Draw on an upright image that is shown at `scale` times its size; masks lie below boxes."""
    for item in found:
        _contour(image, item, scale, colours[item.label])
    pen = ImageDraw.Draw(image)
    boxes = [_clipped(item, image.size, scale) for item in found]
    for item, box in zip(found, boxes, strict=True):
        _outline(pen, box, colours[item.label])
    for item, box in zip(found, boxes, strict=True):
        _tag(pen, spelled(item.caption()), (box[0], box[1]), image.size, colours[item.label])


def _clipped(item: Found, size: tuple[int, int], scale: float) -> Box:
    """The pixels that the box's line passes through, inside the image."""
    x_min, y_min, x_max, y_max = item.box
    columns = sorted(min(max(round(x * scale), 0), size[0] - 1) for x in (x_min, x_max))
    rows = sorted(min(max(round(y * scale), 0), size[1] - 1) for y in (y_min, y_max))
    return columns[0], rows[0], columns[1], rows[1]


def _outline(pen: ImageDraw.ImageDraw, box: Box, colour: Colour) -> None:
    """A line on the box's edge, one of black around it and one inside."""
    for outset, ink in (
        (STROKE, (0, 0, 0)),
        (-1, (0, 0, 0)),
        *((n, colour) for n in range(STROKE)),
    ):
        if min(box[2] - box[0], box[3] - box[1]) + 2 * outset >= 0:
            corners = box[0] - outset, box[1] - outset, box[2] + outset, box[3] + outset
            pen.rectangle(corners, outline=ink)


def _contour(image: Image.Image, item: Found, scale: float, colour: Colour) -> None:
    """Draw the mask's edge, a black line around it; one that is not of this image is left out.

    Its pixels keep their colours, for an answer beside them may name these.
    """
    if item.mask is None:
        return
    height, width = item.mask["size"]
    if (round(width * scale), round(height * scale)) != image.size:
        return
    inside = coco.decode({"size": [height, width], "counts": item.mask["counts"].encode()})
    whole = Image.fromarray(inside * np.uint8(255)).resize(image.size, Image.Resampling.NEAREST)
    core = whole.filter(ImageFilter.MinFilter(2 * STROKE + 1))
    around = whole.filter(ImageFilter.MaxFilter(3))
    image.paste((0, 0, 0), (0, 0), ImageChops.subtract(around, whole))
    image.paste(colour, (0, 0), ImageChops.subtract(whole, core))


def _tag(
    pen: ImageDraw.ImageDraw,
    text: str,
    corner: tuple[int, int],
    size: tuple[int, int],
    colour: Colour,
) -> None:
    """Write on a field of the colour: above the corner, below it where there is no room."""
    if not text:
        return
    letters = font(_LETTERS)
    width = round(letters.getlength(text)) + 2 * _PADDING
    height = _LETTERS + 2 * _PADDING
    left = max(0, min(corner[0], size[0] - width))
    top = corner[1] - height if corner[1] >= height else corner[1]
    pen.rectangle((left, top, left + width, top + height), fill=colour)
    red, green, blue = colour
    ink = (0, 0, 0) if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 120 else (255, 255, 255)
    pen.text((left + _PADDING, top + _PADDING), text, fill=ink, font=letters)
