"""Measures what `decode: reduced` changes in the model's pixels and the demo checkpoint's answers.

    python -m benchmarks.pipeline.reduced [--scenes 200] [--seed 2026]

Scenes are drawn as the demo draws them, and again twice and four times as large; photographs are
the same as in benchmarks/pipeline/pass.py. Each JPEG is decoded both ways and resized to the
model's side without keeping its aspect; the checkpoint answers in float32 on the CPU. Prints two
tables; nothing is asserted.
"""

import io
from collections.abc import Mapping, Sequence
from random import Random
from typing import Annotated, Any, NamedTuple

import numpy as np
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.pipeline.pass_over_shards.photographs import photographs
from demo.evaluation.scoring import boxes_of, detection
from demo.scenes import picture, words
from demo.scenes.questions import ask
from inference import (
    Caption,
    Detect,
    Engine,
    Model,
    Ocr,
    Task,
    Vqa,
    load_engine,
    resolve_checkpoint,
)
from pipelines.config.input import Limits
from pipelines.images import EncodedImage
from schemas.generation import ImageSpec, Request
from schemas.resources import Resources
from schemas.sample import RGB, Sample, Text

SCALES = (1, 2, 4)  # factors of the demo's scenes, whose shorter side has 200 to 340 pixels
PHOTOGRAPHS = ((640, 480), (1280, 960))  # pixels, width and height
SIDES = (224, 448)  # pixels; input sides of PaliGemma's checkpoints
QUALITY = 90  # JPEG quality of the scenes, as in the demo
TASKS: Mapping[str, Task] = {
    "caption": Caption(max_new_tokens=32),
    "ocr": Ocr(max_new_tokens=16),
    "detect": Detect(labels=words.SHAPES, max_new_tokens=40),
    "vqa": Vqa(question_field="question", max_new_tokens=8),
}

_BLOCK = 64  # scenes per call of the engine
_MOST_PIXELS = 1 << 28

Answers = Mapping[str, Any]  # task -> value


class Pair(NamedTuple):
    """Model images [side, side, 3] of one image decoded both ways."""

    exact: RGB
    reduced: RGB
    scale: float  # width of the reduced decoding over the width of the image


def main(
    checkpoint: Annotated[str, typer.Option()] = "demo/checkpoint",
    scenes: Annotated[
        int, typer.Option(min=1, help="Scenes, and photographs, of each size.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the scenes, other than in training.")] = 2026,
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    model = Model(checkpoint=checkpoint, precision="float32", device="cpu", batch_size=32)
    resources = Resources(lambda path: open(path, "rb"), threads=threads)  # noqa: SIM115
    engine = load_engine(model, resolve_checkpoint(model), resources)
    pixels = Table("images", "model's side", "mean scale", "mean change", "most", box=box.MARKDOWN)
    answers = Table("scenes", *TASKS, "boxes: F1", "IoU", box=box.MARKDOWN)
    for scale in SCALES:
        drawn = [draw(seed, index, scale) for index in range(scenes)]
        pairs = [decoded(scene.image, engine.image_spec.side) for scene in drawn]
        name = "scenes" if scale == 1 else f"scenes, {scale} times as large"
        pixels.add_row(name, str(engine.image_spec.side), *_changes(pairs))
        exact = answer(engine, drawn, [pair.exact for pair in pairs])
        reduced = answer(engine, drawn, [pair.reduced for pair in pairs])
        answers.add_row(name, *_agreement(exact, reduced))
    for size in PHOTOGRAPHS:
        images = photographs(scenes, size)
        for side in SIDES:
            name = f"photographs of {size[0]}x{size[1]}"
            pixels.add_row(name, str(side), *_changes([decoded(image, side) for image in images]))
    console = Console(width=120)
    console.print(pixels, answers)


def draw(seed: int, index: int, scale: int) -> Sample:
    """Draw a plain scene like the demo's, enlarged by `scale`, with a question."""
    random = Random(f"{seed}/{index}")
    side, stretch = scale * random.uniform(200, 340), random.uniform(1, 1.4)
    drawn = picture.draw(random, (round(side * stretch), round(side)))
    file = io.BytesIO()
    drawn.canvas.save(file, "JPEG", quality=QUALITY)
    question, _ = ask(random, drawn.things)
    texts = {"question": Text(question, "en")}
    return Sample("", index, texts, file.getvalue(), *drawn.canvas.size)


def decoded(image: bytes, side: int) -> Pair:
    """Decode an image both ways, and resize it to [side, side]."""
    exact = EncodedImage.open(image, Limits(max_pixels=_MOST_PIXELS)).upright()
    reduced = EncodedImage.open(image, Limits(max_pixels=_MOST_PIXELS)).upright(min_side=side)
    scale = reduced.pixels().shape[1] / exact.pixels().shape[1]
    return Pair(exact.fit(ImageSpec(side)), reduced.fit(ImageSpec(side)), scale)


def answer(engine: Engine, scenes: Sequence[Sample], images: Sequence[RGB]) -> list[Answers]:
    """Answer all tasks for each image, with the question of its scene."""
    requests = [
        Request(
            (image,),
            tuple(
                (engine.family.task_prompt(task, scene) or "", task.max_new_tokens)
                for task in TASKS.values()
            ),
        )
        for scene, image in zip(scenes, images, strict=True)
    ]
    generations = [
        answers
        for start in range(0, len(requests), _BLOCK)
        for answers in engine.generate(requests[start : start + _BLOCK])
    ]
    return [
        {
            name: task.parse(generation, scene, engine.family)[0]
            for (name, task), generation in zip(TASKS.items(), answers, strict=True)
        }
        for scene, answers in zip(scenes, generations, strict=True)
    ]


def _changes(pairs: Sequence[Pair]) -> tuple[str, str, str]:
    """Return the mean scale, and the mean and largest absolute difference of a channel (of 255)."""
    differences = [np.abs(pair.exact.astype(int) - pair.reduced) for pair in pairs]
    scale = float(np.mean([pair.scale for pair in pairs]))
    return f"{scale:.2f}", f"{np.mean(differences):.2f}", f"{np.max(differences)}"


def _agreement(exact: Sequence[Answers], reduced: Sequence[Answers]) -> list[str]:
    """Return the share of equal values per task, and the box metrics with exact boxes as truth.

    Scores of boxes are ignored: they change with every pixel.
    """
    equal = [
        [_placed(one[name]) == _placed(other[name]) for name in TASKS]
        for one, other in zip(exact, reduced, strict=True)
    ]
    shares = np.mean(equal, axis=0).tolist()
    boxes = detection(
        (_placed(other["detect"]), _placed(one["detect"]))
        for one, other in zip(exact, reduced, strict=True)
    )
    return [f"{share:.3f}" for share in (*shares, *(score.value for score in boxes.values()))]


def _placed(value: Any) -> Any:
    """Return a task's value; boxes of `detect` without their scores."""
    if isinstance(value, str):
        return value
    return boxes_of(value)


main.__doc__ = __doc__  # what --help shows

if __name__ == "__main__":
    typer.run(main)
