"""Asks a checkpoint about scenes the way a job does, and counts how much of it is right."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as run_length

from demo.evaluation.scoring import Found, Inside, Score, detection, mask_overlap
from demo.scenes import drawing, words
from demo.scenes.encoded_image import seen
from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene
from inference import Caption, Detect, Engine, Ocr, Segment, Task, Vqa
from schemas.generation import Request
from schemas.sample import Sample, Text

TARGETS: Mapping[str, float] = {  # what the checkpoint is to reach, on scenes it has never seen
    "caption en": 0.95,
    "caption es": 0.95,
    "caption de": 0.95,
    "ocr": 0.90,
    "answer": 0.95,
    "boxes F1": 0.95,
    "boxes IoU": 0.80,
    "masks IoU": 0.80,
    "placard": 0.99,
}
MASK_DECODER = Path(__file__).parents[1] / "checkpoint/mask_decoder.npz"
# Scenes whose image can be used, and which the job keeps as long as nothing looks at the texts.
LEARNT = (
    Kind.PLAIN,
    Kind.PERSONAL_TEXT,
    Kind.PERSONAL_KEY,
    Kind.PERSONAL_PICTURE,
    Kind.INSULT,
    Kind.DUPLICATE,
    Kind.FLIPPED,
)
BLOCK = 64  # scenes an engine is given at a time

_QUESTION = "question"  # the field that holds it


def tasks(scene: Scene, index: int) -> Mapping[str, Task]:
    """What is asked about a scene: all that the checkpoint knows, boxes of all and some shapes."""
    random = Random(index)
    some = tuple(random.sample(words.SHAPES, random.randint(1, 3)))
    captions = {
        f"caption {language}": Caption(language=language, max_new_tokens=32)
        for language in words.LANGUAGES
    }
    return {
        **captions,
        "ocr": Ocr(max_new_tokens=16),
        "detect all": Detect(labels=words.SHAPES, max_new_tokens=40),
        "detect some": Detect(labels=some, max_new_tokens=40),
        "segment": Segment(labels=some[:1], mask_decoder=str(MASK_DECODER), max_new_tokens=72),
        "answer": Vqa(question_field=_QUESTION, max_new_tokens=8),
    }


def measure(engine: Engine, scenes: Sequence[Scene]) -> Mapping[str, Score]:
    """The table: each kind of answer, and how much of it is right."""
    right: dict[str, list[bool]] = {}
    boxes: list[tuple[Sequence[Found], Sequence[Found]]] = []
    masks: list[float] = []
    for start in range(0, len(scenes), BLOCK):
        part = scenes[start : start + BLOCK]
        asked = [tasks(scene, start + number) for number, scene in enumerate(part)]
        for scene, asked_here, told in zip(part, asked, _told(engine, part, asked), strict=True):
            for name, value in told.items():
                task = asked_here[name]
                if isinstance(task, Detect):
                    boxes.append((_found(value), _true(scene, task.labels)))
                elif isinstance(task, Segment):
                    masks += [
                        mask_overlap(_masks(value), true) for true in _drawn(scene, task.labels)
                    ]
                else:
                    right.setdefault(name, []).append(value == _truth(scene, task))
    exact = {name: Score(sum(each) / len(each), len(each)) for name, each in right.items()}
    mean = Score(float(np.mean(masks)) if masks else 0.0, len(masks))
    return {**exact, **detection(boxes), "masks IoU": mean}


def _told(
    engine: Engine, scenes: Sequence[Scene], asked: Sequence[Mapping[str, Task]]
) -> Iterable[Mapping[str, object]]:
    requests = []
    for scene, tasks_here in zip(scenes, asked, strict=True):
        sample = _sample(scene)
        prompts = [
            (engine.family.task_prompt(task, sample) or "", task.max_new_tokens)
            for task in tasks_here.values()
        ]
        requests.append(Request(seen(scene.image, engine.image_spec.side), tuple(prompts)))
    for scene, tasks_here, generations in zip(
        scenes, asked, engine.generate(requests), strict=True
    ):
        yield {
            name: task.parse(generation, scene.width, scene.height, engine.family)[0]
            for (name, task), generation in zip(tasks_here.items(), generations, strict=True)
        }


def _sample(scene: Scene) -> Sample:
    texts = {_QUESTION: Text(scene.question, "en")}
    return Sample("", 0, texts, scene.image, scene.width, scene.height)


def _truth(scene: Scene, task: Task) -> str:
    if isinstance(task, Caption):
        captions: Any = scene.truth()["caption"]
        return str(captions[task.language])
    return scene.printed if isinstance(task, Ocr) else scene.answer


def _found(value: Any) -> Sequence[Found]:
    """Of a task's rows."""
    edges = ("x_min", "y_min", "x_max", "y_max")
    return [Found(row["label"], tuple(row[edge] for edge in edges)) for row in value]


def _true(scene: Scene, labels: Sequence[str]) -> Sequence[Found]:
    return [Found(thing.label, thing.box) for thing in scene.things if thing.label in labels]


def _masks(value: Any) -> list[Inside]:
    """Of a task's rows."""
    return [run_length.decode(row["mask"]).astype(bool) for row in value if row["mask"]]


def _drawn(scene: Scene, labels: Sequence[str]) -> Iterable[Inside]:
    """The true masks of the things of these labels."""
    for thing in scene.things:
        if thing.label in labels:
            canvas = Image.new("RGB", (scene.width, scene.height))
            drawing.draw_shape(canvas, thing.label, (255, 255, 255), thing.box)
            yield np.asarray(canvas.convert("L")) > 127
