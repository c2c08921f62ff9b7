"""Draws detected objects over an image: masks, boxes and labels."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from pycocotools import mask as coco

from pipelines.display.fonts import font, spelled
from pipelines.display.row_fields import ShownObject
from pipelines.rows.run_lengths import read_mask

Color = tuple[int, int, int]  # RGB
PixelBox = tuple[int, int, int, int]  # x_min, y_min, x_max, y_max; pixels, inclusive

STROKE = 2  # pixels: width of a box's line, which grows outwards from the box's edge
_LETTERS = 12  # pixels
_PADDING = 3  # pixels between a label's letters and the edge of its field


def draw_overlay(
    image: Image.Image, objects: Sequence[ShownObject], scale: float, colors: Mapping[str, Color]
) -> None:
    """Draw objects on an upright image that was resized by `scale`; masks lie below boxes.

    Raises WrongMask if pycocotools cannot read a mask.
    """
    for item in objects:
        _contour(image, item, scale, colors[item.label])
    pen = ImageDraw.Draw(image)
    boxes = [_clipped(item, image.size, scale) for item in objects]
    for item, box in zip(objects, boxes, strict=True):
        _outline(pen, box, colors[item.label])
    for item, box in zip(objects, boxes, strict=True):
        _tag(pen, spelled(item.caption()), (box[0], box[1]), image.size, colors[item.label])


def _clipped(item: ShownObject, size: tuple[int, int], scale: float) -> PixelBox:
    """Scale a box to pixels of the resized image, and clip it to the image."""
    x_min, y_min, x_max, y_max = item.box
    columns = sorted(round(min(max(x * scale, 0), size[0] - 1)) for x in (x_min, x_max))
    rows = sorted(round(min(max(y * scale, 0), size[1] - 1)) for y in (y_min, y_max))
    return columns[0], rows[0], columns[1], rows[1]


def _outline(pen: ImageDraw.ImageDraw, box: PixelBox, color: Color) -> None:
    """Draw the box in color, with a black line around it and another inside it."""
    for outset, ink in (
        (STROKE, (0, 0, 0)),
        (-1, (0, 0, 0)),
        *((n, color) for n in range(STROKE)),
    ):
        if min(box[2] - box[0], box[3] - box[1]) + 2 * outset >= 0:
            corners = box[0] - outset, box[1] - outset, box[2] + outset, box[3] + outset
            pen.rectangle(corners, outline=ink)


def _contour(image: Image.Image, item: ShownObject, scale: float, color: Color) -> None:
    """Draw a mask's edge in color with black lines; skip a mask made for another image size.

    The pixels inside keep their colors, because an answer shown beside the image may name them.
    """
    if item.mask is None:
        return
    mask = read_mask(item.mask)
    height, width = mask.size
    if (round(width * scale), round(height * scale)) != image.size:
        return
    inside = coco.decode(mask._asdict())
    whole = Image.fromarray(inside * np.uint8(255)).resize(image.size, Image.Resampling.NEAREST)
    core = whole.filter(ImageFilter.MinFilter(2 * STROKE + 1))
    around = whole.filter(ImageFilter.MaxFilter(3))
    image.paste((0, 0, 0), (0, 0), ImageChops.subtract(around, whole))
    image.paste(color, (0, 0), ImageChops.subtract(whole, core))


def _tag(
    pen: ImageDraw.ImageDraw,
    text: str,
    corner: tuple[int, int],
    size: tuple[int, int],
    color: Color,
) -> None:
    """Write a label on a colored field above the corner, or below it if there is no room above."""
    if not text:
        return
    letters = font(_LETTERS)
    width = round(letters.getlength(text)) + 2 * _PADDING
    height = _LETTERS + 2 * _PADDING
    left = max(0, min(corner[0], size[0] - width))
    top = corner[1] - height if corner[1] >= height else corner[1]
    pen.rectangle((left, top, left + width, top + height), fill=color)
    red, green, blue = color
    ink = (0, 0, 0) if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 120 else (255, 255, 255)
    pen.text((left + _PADDING, top + _PADDING), text, fill=ink, font=letters)
