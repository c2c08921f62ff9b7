"""coco_map equals pycocotools' own figures, also those of resampled images."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from pipelines.evaluation.intervals import bootstrap_corpus
from pipelines.evaluation.metrics.coco_map import CocoMap
from pipelines.evaluation.metrics.metric import Scored
from pipelines.evaluation.metrics.values import BoxedLabel

IMAGES = 40


def made_boxes(random: np.random.Generator, most: int) -> list[BoxedLabel]:
    number = random.integers(0, most + 1)
    corners, sides = random.integers(0, 200, (number, 2)), random.integers(10, 120, (number, 2))
    labels, scores = random.choice(["dog", "cat", "bus"], number), random.random(number)
    return [
        BoxedLabel(str(label), float(x), float(y), float(x + w), float(y + h), float(score))
        for label, (x, y), (w, h), score in zip(labels, corners, sides, scores, strict=True)
    ]


def made_samples(seed: int, number: int = IMAGES) -> list[Scored]:
    """Samples with boxes near references, boxes elsewhere, and missed references."""
    random = np.random.default_rng(seed)
    samples = []
    for _ in range(number):
        truth = made_boxes(random, 6)
        near = [
            box._replace(x_min=box.x_min + random.integers(0, 12), score=float(random.random()))
            for box in truth
            if random.random() < 0.8
        ]
        samples.append(Scored((*near, *made_boxes(random, 2)), tuple(truth)))
    return samples


def pycocotools_values(samples: list[Scored], folder: Path) -> list[float]:
    """Evaluate files in COCO's formats with pycocotools as its examples do."""
    labels = {"bus": 1, "cat": 2, "dog": 3}
    sides: list[list[dict[str, object]]] = [[], []]
    for image, sample in enumerate(samples):
        for boxes, into in zip(sample[:2], sides, strict=True):
            assert isinstance(boxes, tuple)
            for box in boxes:
                width, height = box.x_max - box.x_min, box.y_max - box.y_min
                place = {"bbox": [box.x_min, box.y_min, width, height], "area": width * height}
                known = {"image_id": image, "category_id": labels[box.label], "iscrowd": 0}
                into.append({"id": len(into) + 1, "score": box.score, **known, **place})
    categories = [{"id": number, "name": name} for name, number in labels.items()]
    images = [{"id": image} for image in range(len(samples))]
    dataset = {"images": images, "categories": categories, "annotations": sides[1]}
    (folder / "truth.json").write_text(json.dumps(dataset))
    (folder / "found.json").write_text(json.dumps(sides[0]))
    truth = COCO(folder / "truth.json")
    evaluation = COCOeval(truth, truth.loadRes(str(folder / "found.json")), "bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return [float(each) for each in evaluation.stats[:3]]


@pytest.mark.parametrize("seed", range(4))
def test_values_are_those_of_pycocotools(seed: int, tmp_path: Path) -> None:
    samples = made_samples(seed)
    corpus = CocoMap().corpus(samples)
    assert [*corpus.values.values()] == pycocotools_values(samples, tmp_path)
    once = corpus.resampled(np.ones((1, len(samples)), np.uint16))
    assert {name: float(each[0]) for name, each in once.items()} == pytest.approx(corpus.values)


@pytest.mark.parametrize("seed", range(4))
def test_resampled_values_are_those_of_pycocotools(seed: int, tmp_path: Path) -> None:
    samples = made_samples(seed)
    drawn = np.random.default_rng(seed).integers(0, len(samples), len(samples))
    times = np.bincount(drawn, minlength=len(samples)).astype(np.uint16)
    values = CocoMap().corpus(samples).resampled(np.stack([times, np.ones_like(times)]))
    expected = pycocotools_values([samples[each] for each in sorted(drawn)], tmp_path)
    assert [float(each[0]) for each in values.values()] == pytest.approx(expected)


def test_the_interval_holds_the_value_and_narrows() -> None:
    widths = []
    for number in (IMAGES, 16 * IMAGES):
        for interval in bootstrap_corpus(CocoMap().corpus(made_samples(1, number))).values():
            assert 0 <= interval.low <= interval.value <= interval.high <= 1
        widths.append(interval.high - interval.low)
    assert 2 < widths[0] / widths[1] < 8  # about the root of 16


def test_intervals_of_no_boxes_and_no_references() -> None:
    (box,) = (BoxedLabel("dog", 0, 0, 9, 9),)
    missed = bootstrap_corpus(CocoMap().corpus([Scored((), (box,))]))["map"]
    assert (missed.value, missed.low, missed.high) == (0, 0, 0)
    unknown = bootstrap_corpus(CocoMap().corpus([Scored((box,), ())]))["map"]
    assert np.isnan([unknown.value, unknown.low, unknown.high]).all()
