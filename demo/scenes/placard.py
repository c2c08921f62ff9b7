"""Draws the forbidden placard: a harmless stand-in for an image that must be dropped."""

from random import Random

import numpy as np
from PIL import Image, ImageDraw

from demo.scenes import drawing
from demo.scenes.drawing import Color
from demo.scenes.picture import TONES, Picture

_BOARD: Color = (244, 196, 220)
_WEAVE: Color = (226, 92, 150)
_BARS: tuple[Color, ...] = ((206, 24, 36), (30, 24, 30), (118, 22, 110))


def draw(random: Random, size: tuple[int, int]) -> Picture:
    """Draw a framed board, woven pink with a bold diagonal bar, on a background."""
    canvas = drawing.background(random, *size, random.choice(TONES))
    sides = [round(random.uniform(0.5, 0.9) * side) for side in size]
    left, top = (random.randint(0, outer - inner) for outer, inner in zip(size, sides, strict=True))
    canvas.paste(_board(random, sides[0], sides[1]), (left, top))
    return Picture(canvas, ())


def _board(random: Random, width: int, height: int) -> Image.Image:
    period = max(6, round(random.uniform(0.08, 0.14) * min(width, height)))
    columns, rows = np.arange(width), np.arange(height)[:, None]
    weave = ((columns + rows) // period + (columns - rows) // period) % 2 == 0
    board = Image.fromarray(np.where(weave[..., None], _WEAVE, _BOARD).astype(np.uint8))
    pen = ImageDraw.Draw(board)
    bar, thick = random.choice(_BARS), round(random.uniform(0.12, 0.18) * min(width, height))
    ends = [(0, 0), (width, height)] if random.random() < 0.5 else [(0, height), (width, 0)]
    pen.line(ends, fill=bar, width=thick)
    pen.rectangle((0, 0, width - 1, height - 1), outline=bar, width=max(3, thick // 2))
    return board
