"""Draws the parts of a scene: backgrounds, shapes and printed words."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Color = tuple[int, int, int]  # RGB
Box = tuple[int, int, int, int]  # x_min, y_min, x_max, y_max: pixels, the maxima exclusive
Point = tuple[float, float]

_SUPERSAMPLING = 4  # shapes are drawn this many times larger and reduced, for smooth edges


def luminance(color: Color) -> float:
    """Relative luminance of gamma-encoded RGB with the weights of ITU-R BT.709, 0 to 255."""
    red, green, blue = color
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def background(random: Random, width: int, height: int, tone: Color) -> Image.Image:
    """A canvas with a random pattern of colors near `tone`."""
    shade = random.choice(_BACKGROUNDS)(random, width, height)
    pixels = np.clip(np.asarray(tone) + 22 * shade[..., None], 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def draw_shape(canvas: Image.Image, label: str, color: Color, box: Box) -> None:
    """Draw the shape so that it touches all four sides of the box."""
    left, top, right, bottom = box
    width, height = (right - left) * _SUPERSAMPLING, (bottom - top) * _SUPERSAMPLING
    mask = Image.new("L", (width, height))
    pen = ImageDraw.Draw(mask)
    if label == "circle":
        pen.ellipse((0, 0, width - 1, height - 1), fill=255)
    else:
        pen.polygon([(x * (width - 1), y * (height - 1)) for x, y in _OUTLINES[label]], fill=255)
    canvas.paste(color, (left, top), mask.reduce(_SUPERSAMPLING))


def word_mask(word: str, height: int) -> Image.Image:
    """The mask of a word in letters `height` pixels large, without margins."""
    font = _font(height)
    left, top, right, bottom = font.getbbox(word)
    mask = Image.new("L", (math.ceil(right - left), math.ceil(bottom - top)))
    ImageDraw.Draw(mask).text((-left, -top), word, fill=255, font=font)
    return mask.crop(mask.getbbox())


def character_middles(word: str) -> list[float]:
    """The center of each character along the word's width, from 0 to 1."""
    font = _font(100)
    edges = [font.getlength(word[:end]) for end in range(len(word) + 1)]
    return [(left + right) / 2 / edges[-1] for left, right in itertools.pairwise(edges)]


def _fit_to_unit_square(points: Sequence[Point]) -> list[Point]:
    """Move and scale the points to fill the unit square."""
    columns, rows = zip(*points, strict=True)
    return [
        (
            (x - min(columns)) / (max(columns) - min(columns)),
            (y - min(rows)) / (max(rows) - min(rows)),
        )
        for x, y in points
    ]


def _star(points: int, inner: float) -> list[Point]:
    """A star with one point up; `inner` is the radius of its notches, relative to its points."""
    corners = []
    for step in range(2 * points):
        angle = math.pi * (step / points - 0.5)
        radius = inner if step % 2 else 1.0
        corners.append((radius * math.cos(angle), radius * math.sin(angle)))
    return _fit_to_unit_square(corners)


def _cross(arm: float) -> list[Point]:
    """An upright cross in the unit square with arms of width `arm`."""
    near, far = (1 - arm) / 2, (1 + arm) / 2
    return [
        (near, 0), (far, 0), (far, near), (1, near), (1, far), (far, far),
        (far, 1), (near, 1), (near, far), (0, far), (0, near), (near, near),
    ]  # fmt: skip


_OUTLINES: Mapping[str, Sequence[Point]] = {  # in the unit square, y down
    "square": [(0, 0), (1, 0), (1, 1), (0, 1)],
    "triangle": [(0.5, 0), (1, 1), (0, 1)],
    "diamond": [(0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)],
    "star": _star(points=5, inner=0.42),
    "cross": _cross(arm=0.34),
}

Shade = npt.NDArray[np.floating[Any]]  # [height, width], -1 to 1


def _plain(_: Random, width: int, height: int) -> Shade:
    return np.zeros((height, width))


def _gradient(random: Random, width: int, height: int) -> Shade:
    along, across = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, None]
    turn = random.uniform(0, 2 * math.pi)
    return np.asarray(math.cos(turn) * along + math.sin(turn) * across) / math.sqrt(2)


def _stripes(random: Random, width: int, height: int) -> Shade:
    period = random.uniform(0.05, 0.2) * (width + height)
    slope = random.choice((0.0, 0.5, 1.0))
    phase = np.arange(width) + slope * np.arange(height)[:, None]
    return 0.7 * np.sign(np.sin(2 * math.pi * phase / period))


def _checks(random: Random, width: int, height: int) -> Shade:
    side = max(4, int(random.uniform(0.06, 0.15) * (width + height)))
    return 0.6 * ((np.arange(width) // side + np.arange(height)[:, None] // side) % 2) - 0.3


def _grain(random: Random, width: int, height: int) -> Shade:
    generator = np.random.default_rng(random.getrandbits(64))
    return np.clip(generator.normal(0, 0.4, (height, width)), -1, 1)


_BACKGROUNDS: Sequence[Callable[[Random, int, int], Shade]] = (
    _plain,
    _gradient,
    _stripes,
    _checks,
    _grain,
)


@cache
def _font(height: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(height)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow's wheels include FreeType
    return font
