"""Draws scenes of colored shapes and printed words, and writes them as WebDataset shards."""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from PIL import Image
from webdataset import TarWriter

from demo.scenes import alt_text, picture, placard, words
from demo.scenes.drawing import Box
from demo.scenes.kinds import Kind, kind_of, plain_before
from demo.scenes.picture import Picture, Thing
from demo.scenes.questions import ask

ROTATED_SHARE = 0.06  # of the images, stored sideways with an EXIF orientation
POOR_TEXT_SHARE = 0.08  # of the alternative texts, which describe nothing

_ORIENTATION = 0x0112  # the EXIF tag
_ROTATED = 6  # its value when the stored rows are the upright image's columns


@dataclass(frozen=True, slots=True)
class Scene:
    """A drawn image, its alternative text, and its ground truth."""

    kind: Kind
    key: str
    image: bytes = field(repr=False)  # JPEG
    width: int  # pixels of the upright image
    height: int
    things: tuple[Thing, ...]  # sorted by their centers, from left to right
    printed: str  # the word in the image, or ""
    print_box: Box | None
    alt_text: str
    question: str
    answer: str

    def truth(self) -> Mapping[str, object]:
        """The ground truth of the scene, as in the `json` member of a shard."""
        return {
            "kind": self.kind,
            "url": f"https://example.com/scenes/{self.key}.jpg",
            "width": self.width,
            "height": self.height,
            "caption": {language: self.caption(language) for language in words.LANGUAGES},
            "texts": [self.printed] if self.printed else [],
            "objects": [
                {"label": thing.label, "colour": thing.color, "box": thing.box}
                for thing in self.things
            ],
            "question": self.question,
            "answer": self.answer,
        }

    def caption(self, language: words.Language) -> str:
        """The caption of the scene: one sentence."""
        named = [(thing.color, thing.label) for thing in self.things]
        return words.caption(language, named, self.printed)


def draw_scene(seed: int, index: int, kind: Kind | None = None) -> Scene:
    """Draw the scene of a seed and an index; the result depends on the arguments alone.

    Without `kind`, the index determines the kind.
    """
    kind = kind or kind_of(seed, index)
    random = Random(f"{seed}/{index}")
    image, drawn = _image(seed, index, kind)
    caption = words.caption(
        "en", [(thing.color, thing.label) for thing in drawn.things], drawn.printed
    )
    question, answer = ask(random, drawn.things)
    return Scene(
        kind=kind,
        key=alt_text.key_with_phone_number(random, index)
        if kind is Kind.PERSONAL_KEY
        else f"{index:08}",
        image=image,
        width=drawn.canvas.width,
        height=drawn.canvas.height,
        things=drawn.things,
        printed=drawn.printed,
        print_box=drawn.print_box,
        alt_text=alt_text.write(random, caption, kind, poor=random.random() < POOR_TEXT_SHARE),
        question=question,
        answer=answer,
    )


def write_shard(path: Path, scenes: Iterable[Scene]) -> None:
    """Write an uncompressed tar whose bytes depend on the scenes alone."""
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
    """Write `00000.tar`, `00001.tar`, ... of `samples` scenes each into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{shard:05}.tar" for shard in range(shards)]
    for shard, path in enumerate(paths):
        first = shard * samples
        write_shard(path, (draw_scene(seed, index) for index in range(first, first + samples)))
    return paths


def _image(seed: int, index: int, kind: Kind) -> tuple[bytes, Picture]:
    """The encoded image and its picture."""
    random = Random(f"{seed}/{index}/image")
    if kind is Kind.DUPLICATE:
        return _image(seed, next(plain_before(seed, index)), Kind.PLAIN)
    drawn = _flipped(seed, index) if kind is Kind.FLIPPED else _draw(random, kind, index)
    image = _encode(drawn.canvas, rotated=random.random() < ROTATED_SHARE)
    return (_corrupt(random, image) if kind is Kind.CORRUPT else image), drawn


def _flipped(seed: int, index: int) -> Picture:
    """The nearest earlier plain picture without print, mirrored; mirrored print is unreadable."""
    sources = (_image(seed, earlier, Kind.PLAIN)[1] for earlier in plain_before(seed, index))
    return picture.mirrored(next(source for source in sources if not source.printed))


def _draw(random: Random, kind: Kind, index: int) -> Picture:
    match kind:
        case Kind.TINY:
            size = (random.randint(28, 60), random.randint(28, 60))
            return picture.draw(random, size, max_things=1, print_share=0)
        case Kind.ELONGATED:
            long, short = random.randint(480, 640), random.randint(100, 150)
            size = random.choice([(long, short), (short, long)])
            return picture.draw(random, size, max_things=2, print_share=0)
        case Kind.PLACARD:
            return placard.draw(random, _size(random))
        case Kind.PERSONAL_PICTURE:
            return picture.draw(
                random,
                _size(random),
                max_things=2,
                printable=words.ADDRESSES_IN_PRINT,
                print_share=1,
            )
        case _:  # the first scene has no print, so one to mirror always exists
            return picture.draw(random, _size(random), print_share=0.5 if index else 0)


def _size(random: Random) -> tuple[int, int]:
    """A random width and height in pixels, with a ratio of at most 1.4."""
    side, stretch = random.uniform(200, 340), random.uniform(1, 1.4)
    long, short = round(side * stretch), round(side)
    return random.choice([(long, short), (short, long)])


def _encode(canvas: Image.Image, *, rotated: bool) -> bytes:
    """Encode a JPEG; if rotated, store it sideways with an EXIF orientation, as cameras do."""
    exif = Image.Exif()
    if rotated:
        canvas = canvas.transpose(Image.Transpose.ROTATE_90)
        exif[_ORIENTATION] = _ROTATED
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=90, **({"exif": exif} if rotated else {}))
    return file.getvalue()


def _corrupt(random: Random, image: bytes) -> bytes:
    """The first half of the image, or random bytes."""
    if random.random() < 0.5:
        return image[: len(image) // 2]
    return random.randbytes(len(image) // 8)


def _main(
    folder: Annotated[Path, typer.Argument(help="Folder to write the shards to.")],
    shards: Annotated[int, typer.Option(min=1, help="Number of shards.")] = 4,
    samples: Annotated[int, typer.Option(min=1, help="Scenes per shard.")] = 64,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
) -> None:
    """Draw scenes of colored shapes and printed words as WebDataset shards."""
    for path in write_shards(folder, shards, samples, seed):
        typer.echo(path)


if __name__ == "__main__":
    typer.run(_main)
