"""Scores: boxes match by label and IoU, each at most once; answers must match exactly."""

from collections.abc import Sequence

import numpy as np
import pytest

from demo.evaluation.quality import measure
from demo.evaluation.scoring import best_mask_iou, detection
from demo.scenes.kinds import Kind
from demo.scenes.scenes import Scene, draw_scene
from demo.training import examples
from inference import Engine
from inference.families import FAMILIES
from pipelines.evaluation.metrics.values import BoxedLabel
from schemas.generation import Generation, ImageSpec, Request

STAR, CROSS = BoxedLabel("star", 0, 0, 10, 10), BoxedLabel("cross", 20, 0, 30, 10)


@pytest.mark.parametrize(
    ("predicted", "f1"),
    [
        ([STAR, CROSS], 1.0),
        ([STAR], 2 / 3),
        ([STAR, STAR], 1 / 2),  # the second box has nothing left to match
        ([STAR._replace(label="cross")], 0.0),
        ([STAR._replace(y_max=5)], 2 / 3),  # half of the box: just enough
        ([STAR._replace(y_max=4.9)], 0.0),
        ([], 0.0),
    ],
)
def test_f1_counts_boxes_of_the_right_label_and_place(
    predicted: list[BoxedLabel], f1: float
) -> None:
    assert detection([(predicted, [STAR, CROSS])])["boxes F1"].value == pytest.approx(f1)


def test_no_box_of_none_is_right() -> None:
    assert detection([([], [])])["boxes F1"].value == 1.0


def test_the_best_of_several_masks_counts() -> None:
    true, half, none = (np.zeros((4, 4), bool) for _ in range(3))
    true[:2], half[:1] = True, True
    assert best_mask_iou([none, half], true) == 0.5
    assert best_mask_iou([half, true], true) == 1.0
    assert best_mask_iou([], true) == 0.0


class PerfectEngine:
    """An engine that gives the right answers for scenes in their order."""

    image_spec = ImageSpec(128)
    family = FAMILIES["paligemma"]

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self._scenes = scenes

    def generate(self, block: Sequence[Request], /) -> list[tuple[Generation, ...]]:
        return [
            tuple(Generation((), self._answer(scene, prompt)) for prompt, _ in request.prompts)
            for scene, request in zip(self._scenes, block, strict=True)
        ]

    def _answer(self, scene: Scene, prompt: str) -> str:
        task, _, rest = prompt.partition(" ")
        answers = {
            "caption": lambda: scene.caption(rest),  # type: ignore[arg-type]
            "ocr": lambda: scene.printed,
            "detect": lambda: examples.detect(scene, rest.split(" ; ")).answer,
            "segment": lambda: examples.segment(scene, rest).answer,
            "answer": lambda: scene.answer,
        }
        return answers[task]()


def test_an_engine_with_right_answers_scores_one() -> None:
    scenes = [draw_scene(7, index, Kind.PLAIN) for index in range(12)]
    engine: Engine = PerfectEngine(scenes)
    scores = measure(engine, scenes)
    assert {name: score.value for name, score in scores.items() if "IoU" not in name} == {
        "caption en": 1.0, "caption es": 1.0, "caption de": 1.0,
        "ocr": 1.0, "answer": 1.0, "boxes F1": 1.0,
    }  # fmt: skip
    assert scores["boxes IoU"].value > 0.98
    assert scores["masks IoU"].value > 0.95
    mistaken = measure(PerfectEngine([*scenes[1:], scenes[0]]), scenes)
    assert mistaken["caption en"].value < 0.2
    assert mistaken["boxes F1"].value < 0.2
