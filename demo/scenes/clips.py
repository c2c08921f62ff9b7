"""Draws clips: a few frames in which one shape moves."""

from dataclasses import dataclass, field
from random import Random

from PIL import Image

from demo.scenes import drawing, picture, words

DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}

_MARGIN = 4  # pixels between a shape and the edge
_DRIFT = 0.1  # of the room, across the direction


@dataclass(frozen=True, slots=True)
class Clip:
    """The frames of a clip, and its ground truth."""

    frames: tuple[Image.Image, ...] = field(repr=False)
    label: str
    color: str
    direction: str  # one of DIRECTIONS

    @property
    def caption(self) -> str:
        return f"{words.name('en', self.color, self.label)} moves {self.direction}"

    @property
    def question(self) -> str:
        return f"which way does the {self.label} move?"


def draw_clip(seed: int, index: int, frames: int = 4) -> Clip:
    """Draw the clip of a seed and an index; the result depends on the arguments alone."""
    random = Random(f"{seed}/{index}/clip")
    size = (2 * random.randint(80, 120), 2 * random.randint(80, 120))  # even, as codecs want it
    tone = random.choice(picture.TONES)
    canvas = drawing.background(random, *size, tone)
    color, label = random.choice(picture.visible_colors(tone)), random.choice(words.SHAPES)
    side = round(random.uniform(0.24, 0.42) * min(size))
    direction = random.choice(list(DIRECTIONS))
    paths = [
        _path(random, outer - side - 2 * _MARGIN, sign)
        for outer, sign in zip(size, DIRECTIONS[direction], strict=True)
    ]
    images = []
    for number in range(frames):
        done = number / (frames - 1)
        left, top = (round(_MARGIN + start + (end - start) * done) for start, end in paths)
        image = canvas.copy()
        drawing.draw_shape(image, label, words.COLORS[color], (left, top, left + side, top + side))
        images.append(image)
    return Clip(tuple(images), label, color, direction)


def _path(random: Random, room: int, sign: int) -> tuple[float, float]:
    """The first and the last position of a shape in `room` pixels."""
    travel = sign * random.uniform(0.5, 1) if sign else random.uniform(-_DRIFT, _DRIFT)
    start = random.uniform(max(0, -travel), min(1, 1 - travel))
    return room * start, room * (start + travel)
