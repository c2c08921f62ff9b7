"""Draws the small picture of a kept sample, with boxes and masks, and describes it in words."""

import io
from collections.abc import Mapping
from typing import NamedTuple

from PIL import Image

from pipelines.display.contact_sheet import row_objects
from pipelines.display.image_overlay import Color, draw_overlay
from pipelines.display.row_fields import short_text
from pipelines.operations.stored_samples.row_images import StoredRow
from schemas.counted import counted
from schemas.sample import RGB

SIDE = 360  # pixels: the longest side of a picture
_QUALITY = 70  # of WebP: about 12 KB for a photograph
_MAX_NAMED = 12  # objects that the description names


class SamplePicture(NamedTuple):
    """A small picture."""

    webp: bytes
    width: int  # pixels
    height: int


def sample_picture(image: RGB, row: StoredRow, colors: Mapping[str, Color]) -> SamplePicture:
    """Return the image with the objects of its answers, reduced to SIDE."""
    height, width, _ = image.shape
    scale = min(SIDE / width, SIDE / height, 1.0)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)
    draw_overlay(picture, row_objects(row), scale, colors)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=_QUALITY)
    return SamplePicture(file.getvalue(), *size)


def picture_text(row: StoredRow) -> str:
    """Return what the picture of a row shows, for people who do not see it."""
    objects = row_objects(row)
    named = ", ".join(each.caption() for each in objects[:_MAX_NAMED])
    more = f" and {len(objects) - _MAX_NAMED} more" if len(objects) > _MAX_NAMED else ""
    marked = f", with {counted(len(objects), 'marked object')}: {named}{more}" if objects else ""
    return f"Image of {short_text(row.get('shard'))} #{short_text(row.get('index'))}{marked}"
