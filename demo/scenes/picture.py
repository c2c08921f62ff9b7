"""Draws the picture of a scene: shapes and a printed word in a random layout."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import Image, ImageOps

from demo.scenes import drawing, words
from demo.scenes.drawing import Box, Color

TONES: Sequence[Color] = (
    (232, 228, 218), (208, 222, 230), (214, 226, 206), (236, 214, 210),
    (176, 180, 186), (120, 128, 138), (70, 80, 96), (58, 72, 62),
)  # fmt: skip

_MIN_CONTRAST = 70  # a color channel of shape and background must differ by more
_GAP = 4  # minimum pixels between things
_MIN_DISTANCE = 0.1  # between two centers, of the width, so that the order is clear
_MAX_TRIES = 60  # to place a thing before it is left out


@dataclass(frozen=True, slots=True)
class Thing:
    """A shape in a scene."""

    label: str
    color: str
    box: Box  # pixels of the upright image, the maxima exclusive

    @property
    def middle(self) -> float:
        """The center of the box along the width."""
        return (self.box[0] + self.box[2]) / 2


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright image and its ground truth."""

    canvas: Image.Image
    things: tuple[Thing, ...]  # sorted by their centers, from left to right
    printed: str = ""  # the word in the image, or ""
    print_box: Box | None = None


def draw(
    random: Random,
    size: tuple[int, int],
    *,
    max_things: int = 3,
    printable: Sequence[str] = words.WORDS_IN_PRINT,
    print_share: float = 0.5,
) -> Picture:
    """Draw shapes of different colors, at least one; a share of the pictures has a printed word."""
    tone = random.choice(TONES)
    canvas = drawing.background(random, *size, tone)
    taken: list[Box] = []
    printed, print_box = "", None
    if random.random() < print_share:
        printed = random.choice(printable)
        print_box = _print(random, canvas, tone, taken, printed)
    things = _draw_things(random, canvas, tone, taken, random.randint(1, max_things))
    return Picture(canvas, things, printed if print_box else "", print_box)


def visible_colors(tone: Color) -> list[str]:
    """The names of the colors that contrast with a background of this tone."""
    return [name for name, color in words.COLORS.items() if _has_contrast(color, tone)]


def mirrored(picture: Picture) -> Picture:
    """The picture mirrored; it must have no printed word."""
    width = picture.canvas.width
    things = [
        replace(thing, box=(width - thing.box[2], thing.box[1], width - thing.box[0], thing.box[3]))
        for thing in reversed(picture.things)
    ]
    return Picture(ImageOps.mirror(picture.canvas), tuple(things))


def _print(
    random: Random, canvas: Image.Image, tone: Color, taken: list[Box], word: str
) -> Box | None:
    """Print the word at a free place, if there is one."""
    height = round(random.uniform(0.19, 0.26) * min(canvas.size))
    mask = drawing.word_mask(word, height)
    max_width = 0.96 * canvas.width - 2 * _GAP
    if mask.width > max_width:  # long words are printed smaller, to fill the width
        mask = drawing.word_mask(word, int(height * max_width / mask.width))
    box = _place(random, canvas.size, mask.size, taken)
    if box is not None:
        ink = (20, 20, 24) if drawing.luminance(tone) > 125 else (248, 248, 244)
        canvas.paste(ink, box, mask)
        taken.append(box)
    return box


def _draw_things(
    random: Random, canvas: Image.Image, tone: Color, taken: list[Box], number: int
) -> tuple[Thing, ...]:
    """Draw shapes of different colors that contrast with the tone; at least one fits."""
    visible = visible_colors(tone)
    things: list[Thing] = []
    for color in random.sample(visible, number):
        label = random.choice(words.SHAPES)
        side = round(random.uniform(0.24, 0.42 if number < 3 else 0.34) * min(canvas.size))
        middles = [thing.middle for thing in things]
        box = _place(random, canvas.size, (side, side), taken, middles)
        if box is not None:
            drawing.draw_shape(canvas, label, words.COLORS[color], box)
            taken.append(box)
            things.append(Thing(label, color, box))
    return tuple(sorted(things, key=lambda thing: thing.middle))


def _place(
    random: Random,
    canvas: tuple[int, int],
    size: tuple[int, int],
    taken: Sequence[Box],
    middles: Sequence[float] = (),
) -> Box | None:
    """A free box of this size with its center apart from `middles`; None if no place was found."""
    room = [outer - inner - 2 * _GAP for outer, inner in zip(canvas, size, strict=True)]
    if min(room) < 0:
        return None
    for _ in range(_MAX_TRIES):
        left, top = (_GAP + random.randint(0, free) for free in room)
        box = (left, top, left + size[0], top + size[1])
        middle = left + size[0] / 2
        if any(abs(middle - other) < _MIN_DISTANCE * canvas[0] for other in middles):
            continue
        if not any(_touch(box, other) for other in taken):
            return box
    return None


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] + _GAP
        and other[0] < one[2] + _GAP
        and one[1] < other[3] + _GAP
        and other[1] < one[3] + _GAP
    )


def _has_contrast(color: Color, tone: Color) -> bool:
    return max(abs(one - other) for one, other in zip(color, tone, strict=True)) > _MIN_CONTRAST
