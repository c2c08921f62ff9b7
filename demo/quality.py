"""Asks a checkpoint about scenes the way a job does, and counts how much of it is right."""

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np

from demo import words
from demo.kinds import Kind
from demo.scenes import Scene
from demo.sight import seen
from inference import Caption, Detect, Engine, Ocr, Task, Vqa
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
    "placard": 0.99,
}
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
_SAME = 0.5  # IoU from which a box counts as found


class Found(NamedTuple):
    """A box with its label; pixels of the upright image."""

    label: str
    box: tuple[float, float, float, float]  # x_min, y_min, x_max, y_max


class Score(NamedTuple):
    """One line of the table."""

    value: float  # from 0 to 1
    of: int  # how many answers or boxes it was taken over


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
        "answer": Vqa(question_field=_QUESTION, max_new_tokens=8),
    }


def measure(engine: Engine, scenes: Sequence[Scene]) -> Mapping[str, Score]:
    """The table: each kind of answer, and how much of it is right."""
    right: dict[str, list[bool]] = {}
    boxes: list[tuple[Sequence[Found], Sequence[Found]]] = []
    for start in range(0, len(scenes), BLOCK):
        part = scenes[start : start + BLOCK]
        asked = [tasks(scene, start + number) for number, scene in enumerate(part)]
        for scene, asked_here, told in zip(part, asked, _told(engine, part, asked), strict=True):
            for name, value in told.items():
                task = asked_here[name]
                if isinstance(task, Detect):
                    boxes.append((_found(value), _true(scene, task.labels)))
                else:
                    right.setdefault(name, []).append(value == _truth(scene, task))
    exact = {name: Score(sum(each) / len(each), len(each)) for name, each in right.items()}
    return {**exact, **detection(boxes)}


def detection(boxes: Iterable[tuple[Sequence[Found], Sequence[Found]]]) -> Mapping[str, Score]:
    """F1 at an IoU of 0.5, and the mean IoU of what was found; pairs of the told and the true.

    A told box counts when it has the label of a true one that no other has been matched with.
    """
    told, true = 0, 0
    overlaps: list[float] = []
    for found, truth in boxes:
        told += len(found)
        true += len(truth)
        left = list(truth)
        for each in found:
            alike = [other for other in left if other.label == each.label]
            best = max(alike, key=lambda other: overlap(each.box, other.box), default=None)
            if best is not None and overlap(each.box, best.box) >= _SAME:
                overlaps.append(overlap(each.box, best.box))
                left.remove(best)
    f1 = 2 * len(overlaps) / (told + true) if told + true else 1.0
    mean = float(np.mean(overlaps)) if overlaps else 0.0
    return {"boxes F1": Score(f1, true), "boxes IoU": Score(mean, len(overlaps))}


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if min(width, height) <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def _told(
    engine: Engine, scenes: Sequence[Scene], asked: Sequence[Mapping[str, Task]]
) -> Iterable[Mapping[str, object]]:
    requests = []
    for scene, tasks_here in zip(scenes, asked, strict=True):
        sample = _sample(scene)
        prompts = [(task.prompt(sample) or "", task.max_new_tokens) for task in tasks_here.values()]
        requests.append(Request(seen(scene.image, engine.resolution), tuple(prompts)))
    for scene, tasks_here, generations in zip(
        scenes, asked, engine.generate(requests), strict=True
    ):
        yield {
            name: task.parse(generation, scene.width, scene.height)[0]
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
