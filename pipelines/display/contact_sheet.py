"""Draws a contact sheet: many samples in one image, with boxes, masks and answers."""

import colorsys
from collections.abc import Iterable, Mapping, Sequence

from PIL import Image, ImageDraw

from pipelines.display.fonts import font, spelled, wrap
from pipelines.display.image_overlay import Color, draw_overlay
from pipelines.display.row_fields import (
    ShownObject,
    long_text,
    short_text,
    shown_objects,
    status_text,
    task_names,
)
from pipelines.operations.stored_samples.row_images import RowImage, StoredRow
from schemas.sample import RGB

COLUMNS = 4
FIELD = (320, 280)  # width and height in pixels of the field that an image is fitted into
MARGIN = 16  # pixels around and between tiles

_LETTERS, _LEADING = 13, 18  # pixels: height of letters, distance between lines
_MAX_LINES = 4  # of each text
# Hue distance between labels, as a share of the color circle. The golden ratio keeps the hues of
# any number of labels distinct.
_HUE_STEP = 0.618
_PAPER: Color = (255, 255, 255)
_GRAY: Color = (228, 230, 234)
_INK: Color = (32, 34, 38)
_STATUS: Mapping[str, Color] = {
    "kept": (30, 130, 70),
    "dropped": (190, 50, 45),
    "quarantined": (160, 105, 10),
    "invalid": (135, 65, 160),
}


def contact_sheet(samples: Sequence[RowImage]) -> Image.Image:
    """Draw a tile for each sample, `COLUMNS` in a row: the image or a gray field, then texts."""
    colors = label_colors(sample.row for sample in samples)
    tiles = [_tile(sample, colors) for sample in samples]
    lines = [tiles[first : first + COLUMNS] for first in range(0, len(tiles), COLUMNS)]
    heights = [max(tile.height for tile in line) for line in lines]
    width = MARGIN + min(COLUMNS, len(tiles)) * (FIELD[0] + MARGIN)
    paper = Image.new("RGB", (width, MARGIN + sum(heights) + MARGIN * len(lines)), _PAPER)
    top = MARGIN
    for line, height in zip(lines, heights, strict=True):
        for column, tile in enumerate(line):
            paper.paste(tile, (MARGIN + column * (FIELD[0] + MARGIN), top))
        top += height + MARGIN
    return paper


def label_colors(rows: Iterable[StoredRow]) -> dict[str, Color]:
    """Assign a color to every label of some rows, in alphabetical order."""
    labels = sorted({item.label for row in rows for item in row_objects(row)})
    return {label: _color(position * _HUE_STEP % 1) for position, label in enumerate(labels)}


def _color(hue: float) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 1)
    return round(255 * red), round(255 * green), round(255 * blue)


def row_objects(row: StoredRow) -> list[ShownObject]:
    """Return the objects of all location tasks of a row."""
    return [item for task in task_names(row) for item in shown_objects(row[task])]


def _tile(sample: RowImage, colors: Mapping[str, Color]) -> Image.Image:
    row, image, _ = sample
    lines = list(_lines(row))
    tile = Image.new("RGB", (FIELD[0], FIELD[1] + _LEADING * len(lines) + _LEADING // 2), _PAPER)
    tile.paste(_GRAY, (0, 0, *FIELD))
    if image is not None:
        resized, scale = _fitted(image)
        draw_overlay(resized, row_objects(row), scale, colors)
        tile.paste(resized, ((FIELD[0] - resized.width) // 2, (FIELD[1] - resized.height) // 2))
    pen = ImageDraw.Draw(tile)
    for number, (line, color) in enumerate(lines):
        pen.text((0, FIELD[1] + _LEADING // 2 + number * _LEADING), line, color, font(_LETTERS))
    return tile


def _fitted(image: RGB) -> tuple[Image.Image, float]:
    """Resize an image to fit the field; return it with the scale factor."""
    height, width, _ = image.shape
    scale = min(FIELD[0] / width, FIELD[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return Image.fromarray(image).resize(size, Image.Resampling.LANCZOS), scale


def _lines(row: StoredRow) -> Iterable[tuple[str, Color]]:
    """Yield the lines below an image, with colors: sample, status, then every text answer."""
    status = _STATUS.get(str(row.get("status")), _INK)
    sample = f"{short_text(row.get('shard'))} #{short_text(row.get('index'))}"
    yield from _wrapped(f"{sample}  {status_text(row)}", status)
    for task in task_names(row):
        if isinstance(row[task], str) and row[task]:
            yield from _wrapped(f"{short_text(task)}: {long_text(row[task])}", _INK)


def _wrapped(text: str, color: Color) -> list[tuple[str, Color]]:
    return [(line, color) for line in wrap(spelled(text), font(_LETTERS), FIELD[0], _MAX_LINES)]
