"""Runs a checkpoint on scenes as a job does, and scores its answers."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as run_length

from demo.evaluation.scoring import Mask, Score, best_mask_iou, boxes_of, detection
from demo.scenes import drawing, words
from demo.scenes.encoded_image import model_image
from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene
from inference import Caption, Detect, Engine, Ocr, Segment, Task, Vqa
from pipelines.evaluation.metrics.values import BoxedLabel
from schemas.generation import Request
from schemas.sample import Sample, Text

TARGETS: Mapping[str, float] = {  # target scores of the checkpoint on scenes it was not trained on
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
# Kinds with a usable image, which a job keeps if it has no text filter.
LEARNED_KINDS = (
    Kind.PLAIN,
    Kind.PERSONAL_TEXT,
    Kind.PERSONAL_KEY,
    Kind.PERSONAL_PICTURE,
    Kind.INSULT,
    Kind.DUPLICATE,
    Kind.FLIPPED,
)
BLOCK = 64  # scenes per call of the engine

_QUESTION = "question"  # the field of the question


def tasks(scene: Scene, index: int) -> Mapping[str, Task]:
    """All tasks that the checkpoint knows, for one scene; boxes of all shapes and of some."""
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
    """Score the answers of each kind."""
    is_right: dict[str, list[bool]] = {}
    boxes: list[tuple[Sequence[BoxedLabel], Sequence[BoxedLabel]]] = []
    masks: list[float] = []
    for start in range(0, len(scenes), BLOCK):
        part = scenes[start : start + BLOCK]
        tasks_of = [tasks(scene, start + index) for index, scene in enumerate(part)]
        answers = _answers(engine, part, tasks_of)
        for scene, scene_tasks, values in zip(part, tasks_of, answers, strict=True):
            for name, value in values.items():
                task = scene_tasks[name]
                if isinstance(task, Detect):
                    boxes.append((boxes_of(value), _true_boxes(scene, task.labels)))
                elif isinstance(task, Segment):
                    masks += [
                        best_mask_iou(_predicted_masks(value), true)
                        for true in _true_masks(scene, task.labels)
                    ]
                else:
                    is_right.setdefault(name, []).append(value == _truth(scene, task))
    exact = {
        name: Score(sum(rights) / len(rights), len(rights)) for name, rights in is_right.items()
    }
    mean = Score(float(np.mean(masks)) if masks else 0.0, len(masks))
    return {**exact, **detection(boxes), "masks IoU": mean}


def _answers(
    engine: Engine, scenes: Sequence[Scene], tasks_of: Sequence[Mapping[str, Task]]
) -> Iterable[Mapping[str, object]]:
    """Yield the parsed answers to the tasks of each scene."""
    samples = [*map(_sample, scenes)]
    requests = []
    for sample, scene, scene_tasks in zip(samples, scenes, tasks_of, strict=True):
        prompts = [
            (engine.family.task_prompt(task, sample) or "", task.max_new_tokens)
            for task in scene_tasks.values()
        ]
        requests.append(
            Request((model_image(scene.image, engine.image_spec.side),), tuple(prompts))
        )
    for sample, scene_tasks, generations in zip(
        samples, tasks_of, engine.generate(requests), strict=True
    ):
        yield {
            name: task.parse(generation, sample, engine.family)[0]
            for (name, task), generation in zip(scene_tasks.items(), generations, strict=True)
        }


def _sample(scene: Scene) -> Sample:
    texts = {_QUESTION: Text(scene.question, "en")}
    return Sample("", 0, texts, scene.image, scene.width, scene.height)


def _truth(scene: Scene, task: Task) -> str:
    if isinstance(task, Caption):
        captions: Any = scene.truth()["caption"]
        return str(captions[task.language])
    return scene.printed if isinstance(task, Ocr) else scene.answer


def _true_boxes(scene: Scene, labels: Sequence[str]) -> Sequence[BoxedLabel]:
    return [BoxedLabel(thing.label, *thing.box) for thing in scene.things if thing.label in labels]


def _predicted_masks(value: Any) -> list[Mask]:
    return [run_length.decode(row["mask"]).astype(bool) for row in value if row["mask"]]


def _true_masks(scene: Scene, labels: Sequence[str]) -> Iterable[Mask]:
    for thing in scene.things:
        if thing.label in labels:
            canvas = Image.new("RGB", (scene.width, scene.height))
            drawing.draw_shape(canvas, thing.label, (255, 255, 255), thing.box)
            yield np.asarray(canvas.convert("L")) > 127
