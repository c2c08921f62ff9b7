"""Draws scenes of coloured shapes and printed words, and packs them as WebDataset shards."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from PIL import Image
from webdataset import TarWriter

from demo import alt_text, drawing, words
from demo.drawing import Box, Colour

PRINTED = (
    "OPEN", "CLOSED", "SALE", "EXIT", "STOP", "CAFE", "HOTEL", "MUSIC", "BOOKS", "TAXI",
    "BREAD", "PARK", "NEWS", "HELLO", "FRESH", "NORTH", "SOUTH", "LEMON", "RADIO", "2026",
)  # fmt: skip
TONES: Sequence[Colour] = (
    (232, 228, 218), (208, 222, 230), (214, 226, 206), (236, 214, 210),
    (176, 180, 186), (120, 128, 138), (70, 80, 96), (58, 72, 62),
)  # fmt: skip

TINY = 0.04  # shares of all scenes: what filters and decoding have to cope with
TURNED = 0.06
POORLY_TOLD = 0.08

_ORIENTATION = 0x0112  # the EXIF tag
_QUARTER_TURN = 6  # its value when the stored rows are the upright image's columns
_CONTRAST = 70  # least distance of luminance or of any channel between shape and background
_GAP = 4  # pixels left between things
_TRIES = 60  # to place a thing, before the scene goes without it


@dataclass(frozen=True, slots=True)
class Thing:
    """A shape in a scene."""

    label: str
    colour: str
    box: Box  # pixels of the upright image, the maxima exclusive


@dataclass(frozen=True, slots=True)
class Scene:
    """A drawn image, its alternative text, and the truth about it."""

    key: str
    image: bytes = field(repr=False)  # JPEG
    width: int  # pixels of the upright image
    height: int
    things: tuple[Thing, ...]  # from left to right
    printed: str  # the word in the image, "" when there is none
    alt_text: str
    question: str
    answer: str

    def truth(self) -> Mapping[str, object]:
        """All that is known of the scene, as the shard's `json` member holds it."""
        named = [(thing.colour, thing.label) for thing in self.things]
        return {
            "url": f"https://example.com/scenes/{self.key}.jpg",
            "width": self.width,
            "height": self.height,
            "caption": {
                language: words.caption(language, named, self.printed)
                for language in words.LANGUAGES
            },
            "texts": [self.printed] if self.printed else [],
            "objects": [
                {"label": thing.label, "colour": thing.colour, "box": thing.box}
                for thing in self.things
            ],
            "question": self.question,
            "answer": self.answer,
        }


def draw_scene(seed: int, index: int) -> Scene:
    """The scene of that seed and index: always the same, whatever was drawn before."""
    random = Random(f"{seed}/{index}")
    tiny = random.random() < TINY
    sides = (28, 60) if tiny else (192, 640)
    width, height = random.randint(*sides), random.randint(*sides)
    tone = random.choice(TONES)
    canvas = drawing.background(random, width, height, tone)
    taken: list[Box] = []
    printed = "" if tiny or random.random() < 0.5 else _print(random, canvas, tone, taken)
    things = _draw_things(random, canvas, tone, taken, 1 if tiny else random.randint(1, 3))
    question, answer = _ask(random, things)
    caption = words.caption("en", [(thing.colour, thing.label) for thing in things], printed)
    return Scene(
        key=f"{index:08}",
        image=_encode(canvas, turned=random.random() < TURNED),
        width=width,
        height=height,
        things=things,
        printed=printed,
        alt_text=alt_text.write(random, caption, poor=random.random() < POORLY_TOLD),
        question=question,
        answer=answer,
    )


def write_shard(path: Path, scenes: Iterable[Scene]) -> None:
    """Write a plain tar whose bytes depend on the scenes alone."""
    with path.open("wb") as file, TarWriter(file, encoder=False, user="", group="", mtime=0) as tar:
        for scene in scenes:
            tar.write(
                {
                    "__key__": scene.key,
                    "jpg": scene.image,
                    "txt": scene.alt_text.encode(),
                    "json": json.dumps(scene.truth(), ensure_ascii=False).encode(),
                }
            )


def write_shards(folder: Path, shards: int, samples: int, seed: int) -> list[Path]:
    """Write `00000.tar` and so on, of `samples` scenes each, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{shard:05}.tar" for shard in range(shards)]
    for shard, path in enumerate(paths):
        first = shard * samples
        write_shard(path, (draw_scene(seed, index) for index in range(first, first + samples)))
    return paths


def _print(random: Random, canvas: Image.Image, tone: Colour, taken: list[Box]) -> str:
    """Print a word where there is room for it, and return it."""
    word = random.choice(PRINTED)
    mask = drawing.printed(word, round(random.uniform(0.11, 0.2) * min(canvas.size)))
    box = _place(random, canvas.size, mask.size, taken)
    if box is None:
        return ""
    ink = (20, 20, 24) if drawing.luminance(tone) > 125 else (248, 248, 244)
    canvas.paste(ink, box, mask)
    return word


def _draw_things(
    random: Random, canvas: Image.Image, tone: Colour, taken: list[Box], number: int
) -> tuple[Thing, ...]:
    """Draw shapes of different colours that stand out from the tone; at least one fits."""
    visible = [name for name, colour in words.COLOURS.items() if _stands_out(colour, tone)]
    things = []
    for colour in random.sample(visible, number):
        label = random.choice(words.SHAPES)
        side = round(random.uniform(0.18, 0.42) * min(canvas.size))
        box = _place(random, canvas.size, (side, side), taken)
        if box is not None:
            drawing.draw_shape(canvas, label, words.COLOURS[colour], box)
            things.append(Thing(label, colour, box))
    return tuple(sorted(things, key=lambda thing: thing.box))


def _place(
    random: Random, canvas: tuple[int, int], size: tuple[int, int], taken: list[Box]
) -> Box | None:
    """A free box of that size, which from then on is taken; None where no room was found."""
    for _ in range(_TRIES):
        room = [outer - inner - 2 * _GAP for outer, inner in zip(canvas, size, strict=True)]
        if min(room) < 0:
            return None
        left, top = (_GAP + random.randint(0, free) for free in room)
        box = (left, top, left + size[0], top + size[1])
        if not any(_touch(box, other) for other in taken):
            taken.append(box)
            return box
    return None


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] + _GAP
        and other[0] < one[2] + _GAP
        and one[1] < other[3] + _GAP
        and other[1] < one[3] + _GAP
    )


def _stands_out(colour: Colour, tone: Colour) -> bool:
    return max(abs(one - other) for one, other in zip(colour, tone, strict=True)) > _CONTRAST


def _ask(random: Random, things: Sequence[Thing]) -> tuple[str, str]:
    """A question about the things, and its answer."""
    labels = [thing.label for thing in things]
    single = [thing for thing in things if labels.count(thing.label) == 1]
    kind = random.choice(("count", "presence", "colour"))
    if kind == "colour" and single:
        thing = random.choice(single)
        return f"what colour is the {thing.label}?", thing.colour
    if kind == "presence":
        label = random.choice(words.SHAPES)
        return f"is there a {label}?", "yes" if label in labels else "no"
    return "how many shapes are there?", str(len(things))


def _encode(canvas: Image.Image, *, turned: bool) -> bytes:
    """A JPEG; a turned one is stored as a camera held upright stores it, with the EXIF tag."""
    exif = Image.Exif()
    if turned:
        canvas = canvas.transpose(Image.Transpose.ROTATE_90)
        exif[_ORIENTATION] = _QUARTER_TURN
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=90, **({"exif": exif} if turned else {}))
    return file.getvalue()


def _main(
    folder: Annotated[Path, typer.Argument(help="Where the shards are written.")],
    shards: Annotated[int, typer.Option(min=1, help="How many shards.")] = 4,
    samples: Annotated[int, typer.Option(min=1, help="Scenes in each shard.")] = 64,
    seed: Annotated[int, typer.Option(help="The same seed draws the same bytes.")] = 0,
) -> None:
    """Draw scenes of coloured shapes and printed words as WebDataset shards."""
    for path in write_shards(folder, shards, samples, seed):
        typer.echo(path)


if __name__ == "__main__":
    typer.run(_main)
