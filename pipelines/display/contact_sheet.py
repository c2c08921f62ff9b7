"""A contact sheet: many samples in one picture, with boxes, masks and answers."""

import colorsys
from collections.abc import Iterable, Mapping, Sequence

from PIL import Image, ImageDraw

from pipelines.display import row_fields as stored
from pipelines.display.fonts import font, spelled, wrap
from pipelines.display.image_overlay import Colour, mark
from pipelines.operations.row_images import RowImage, StoredRow
from schemas.sample import RGB

COLUMNS = 4
FIELD = (320, 280)  # pixels an image is fitted into
MARGIN = 16  # pixels around and between tiles

_LETTERS, _LEADING = 13, 18  # pixels: the height of letters, and from line to line
_LINES = 4  # shown of each text
_TURN = 0.618  # of the colour circle, from one label to the next: any number stay apart
_PAPER: Colour = (255, 255, 255)
_GREY: Colour = (228, 230, 234)
_INK: Colour = (32, 34, 38)
_STATUS: Mapping[str, Colour] = {
    "kept": (30, 130, 70),
    "dropped": (190, 50, 45),
    "quarantined": (160, 105, 10),
    "invalid": (135, 65, 160),
}


def sheet(pictures: Sequence[RowImage]) -> Image.Image:
    """Tiles in lines of `COLUMNS`: each an image, or a grey field, over what the row says."""
    colours = _colours(pictures)
    tiles = [_tile(picture, colours) for picture in pictures]
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


def _colours(pictures: Iterable[RowImage]) -> dict[str, Colour]:
    """A colour for every label on the sheet, in the order of their names."""
    found = [item for picture in pictures for item in _found(picture.row)]
    labels = sorted({item.label for item in found})
    return {label: _colour(place * _TURN % 1) for place, label in enumerate(labels)}


def _colour(hue: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 1)
    return round(255 * red), round(255 * green), round(255 * blue)


def _found(row: StoredRow) -> list[stored.Found]:
    return [item for task in stored.tasks(row) for item in stored.objects(row[task])]


def _tile(picture: RowImage, colours: Mapping[str, Colour]) -> Image.Image:
    row, image = picture
    lines = list(_lines(row))
    tile = Image.new("RGB", (FIELD[0], FIELD[1] + _LEADING * len(lines) + _LEADING // 2), _PAPER)
    tile.paste(_GREY, (0, 0, *FIELD))
    if image is not None:
        shown, scale = _fitted(image)
        mark(shown, _found(row), scale, colours)
        tile.paste(shown, ((FIELD[0] - shown.width) // 2, (FIELD[1] - shown.height) // 2))
    pen = ImageDraw.Draw(tile)
    for number, (line, colour) in enumerate(lines):
        pen.text((0, FIELD[1] + _LEADING // 2 + number * _LEADING), line, colour, font(_LETTERS))
    return tile


def _fitted(image: RGB) -> tuple[Image.Image, float]:
    """The image as large as the field allows, and how much larger that is than it was."""
    height, width, _ = image.shape
    scale = min(FIELD[0] / width, FIELD[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return Image.fromarray(image).resize(size, Image.Resampling.LANCZOS), scale


def _lines(row: StoredRow) -> Iterable[tuple[str, Colour]]:
    """What stands below an image: which sample it is, how it fared, then every answer in text."""
    status = _STATUS.get(str(row.get("status")), _INK)
    which = f"{stored.name(row.get('shard'))} #{stored.name(row.get('index'))}"
    yield from _wrapped(f"{which}  {stored.verdict(row)}", status)
    for task in stored.tasks(row):
        if isinstance(row[task], str) and row[task]:
            yield from _wrapped(f"{stored.name(task)}: {stored.text(row[task])}", _INK)


def _wrapped(text: str, colour: Colour) -> list[tuple[str, Colour]]:
    return [(line, colour) for line in wrap(spelled(text), font(_LETTERS), FIELD[0], _LINES)]
