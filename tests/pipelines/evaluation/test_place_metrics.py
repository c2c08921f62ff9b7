"""Boxes, masks and words; the average precision of one ranking is computed by hand.

Words are matched by the rules of ICDAR 2015's script (end to end) and of HierText's evaluator; each
equals them, with shapely 2.2.0 for areas, on 20,000 random images with upright boxes.
"""

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from inference.tasks.grounded import Grounded
from inference.tasks.location_tasks import Detect, Segment
from inference.tasks.ocr_boxes import OcrBoxes
from inference.tasks.text_tasks import AltText, Caption, Describe, Ocr, Prompt, Question, Vqa
from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.box_matching import iou
from pipelines.evaluation.metrics.coco_map import CocoMap
from pipelines.evaluation.metrics.metric import Kind, Scored
from pipelines.evaluation.metrics.values import (
    BoxedLabel,
    WrongValue,
    read_prediction,
    read_references,
)


def box(label: str, *edges: float, score: float | None = None) -> dict[str, object]:
    return {"label": label, "score": score} | dict(
        zip(("x_min", "y_min", "x_max", "y_max"), edges, strict=True)
    )


def mask(*spans: tuple[int, int, int, int]) -> dict[str, object]:
    pixels = np.zeros((40, 50), np.uint8, order="F")
    for x_min, y_min, x_max, y_max in spans:
        pixels[y_min:y_max, x_min:x_max] = 1
    encoded = coco.encode(pixels)
    return {"size": [40, 50], "counts": encoded["counts"].decode()}


def scored(kind: Kind, given: object, wanted: object) -> Scored:
    return Scored(read_prediction(kind, given), read_references(kind, wanted))


def values(name: str, *samples: tuple[object, object]) -> dict[str, float]:
    metric = METRICS[name]
    return dict(metric.corpus(metric.statistics([scored(metric.kind, *each) for each in samples])))


def coco_values(samples: list[Scored]) -> dict[str, float]:
    return dict(CocoMap().corpus(samples).values)


def test_masks() -> None:
    half = [{"label": "dog", "mask": mask((0, 0, 10, 5))}]
    samples = [
        (half, [mask((0, 0, 10, 10))]),
        ([], mask((0, 0, 5, 5))),
        (None, [mask((0, 0, 1, 1))]),
    ]
    expected = {"miou": 0.5 / 3, "ciou": 50 / (100 + 25 + 1)}
    assert values("mask_iou", *samples) == pytest.approx(expected)


def test_references_of_a_mask_are_joined() -> None:
    both = mask((0, 0, 10, 5), (20, 20, 30, 30))
    parts = [mask((0, 0, 10, 5)), mask((20, 20, 30, 30))]
    assert values("mask_iou", (both, parts)) == {"miou": 1, "ciou": 1}


def test_a_mask_of_another_size_meets_nothing() -> None:
    other = coco.encode(np.ones((4, 5), np.uint8, order="F"))
    given = {"size": [4, 5], "counts": other["counts"].decode()}
    assert values("mask_iou", (given, mask((0, 0, 10, 10)))) == {"miou": 0, "ciou": 0}


def test_boxes_are_matched_once() -> None:
    given = [box("Dog", 0, 0, 10, 10, score=0.5), box("dog", 0, 0, 10, 9, score=0.9)]
    given += [box("cat", 20, 20, 30, 30)]
    wanted = [box("dog", 0, 0, 10, 10), box("cat", 20, 20, 30, 40.1), box("bus", 0, 0, 1, 1)]
    expected = {"f1": 2 / 6, "precision": 1 / 3, "recall": 1 / 3}
    assert values("box_f1", (given, wanted)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        ((0, 0, 10, 10), 1.0),
        ((5, 0, 15, 10), 1 / 3),
        ((10, 0, 20, 10), 0.0),  # they touch
        ((20, 20, 30, 30), 0.0),
    ],
)
def test_the_iou_of_two_boxes(other: tuple[float, float, float, float], shared: float) -> None:
    one, another = BoxedLabel("", 0, 0, 10, 10), BoxedLabel("", *other)
    assert iou(one, another) == pytest.approx(shared)
    assert iou(another, one) == pytest.approx(shared)


def test_an_iou_of_one_half_matches() -> None:
    assert values("box_f1", ([box("a", 0, 0, 10, 5)], [box("a", 0, 0, 10, 10)]))["f1"] == 1
    assert values("box_f1", ([box("a", 0, 0, 10, 4.9)], [box("a", 0, 0, 10, 10)]))["f1"] == 0


def test_no_box_where_none_is_wanted_is_right() -> None:
    assert values("box_f1", ([], [])) == {"f1": 1, "precision": 1, "recall": 1}


def test_words() -> None:
    given = [box("EXIT", 0, 0, 10, 5), box("blur", 21, 1, 24, 4), box("Fre", 40, 0, 50, 5)]
    wanted = [box("Exit", 0, 0, 10, 5), box("###", 20, 0, 30, 5), box("Free", 40, 0, 50, 5)]
    expected = {"f1": 0.5, "precision": 0.5, "recall": 0.5}
    assert values("text_spotting", (given, wanted)) == pytest.approx(expected)


def counts(name: str, given: list[object], wanted: list[object]) -> tuple[int, ...]:
    metric = METRICS[name]
    return tuple(metric.statistics([scored(metric.kind, given, wanted)])[0].astype(int))


@pytest.mark.parametrize(
    ("name", "answer", "reference", "right"),
    [
        ("text_spotting", "exit", "EXIT", True),
        ("text_spotting", "exit", '"EXIT.', True),  # the reference may have marks at its ends
        ("text_spotting", "exit", "EXIT..", False),  # one at each
        ("text_spotting", "exit.", "EXIT", False),  # the answer may not
        ("text_spotting", "", "", True),
        ("hiertext", "Exit", "Exit", True),
        ("hiertext", "exit", "Exit", False),
        ("hiertext", "Exit", "Exit.", False),
    ],
)
def test_texts_of_words(name: str, answer: str, reference: str, right: bool) -> None:
    place = (0, 0, 10, 5)
    found = counts(name, [box(answer, *place)], [box(reference, *place)])
    assert found == ((1, 0, 0) if right else (0, 1, 1))


def test_a_word_takes_the_first_box_that_is_near_enough() -> None:
    given = [box("no", 0, 0, 10, 6), box("yes", 0, 0, 10, 10)]
    wanted = [box("yes", 0, 0, 10, 10)]
    assert counts("text_spotting", given, wanted) == (0, 2, 1)  # the first one, whatever its text
    assert counts("hiertext", given, wanted) == (1, 1, 0)  # the one with the greatest IoU


def test_an_iou_of_one_half_is_too_small_for_words() -> None:
    for height, right in ((5, 0), (5.1, 1)):
        pair = [box("a", 0, 0, 10, height)], [box("a", 0, 0, 10, 10)]
        assert counts("text_spotting", *pair)[0] == counts("hiertext", *pair)[0] == right


def test_unreadable_words_take_what_lies_in_them() -> None:
    for inside, wrong in ((4.9, 1), (5.1, 0)):
        given = [box("a", 0, 0, 10, 10)]
        assert counts("text_spotting", given, [box("###", 0, 0, inside, 10)]) == (0, wrong, 0)
        assert counts("hiertext", given, [box("###", 0, 0, inside, 10)]) == (0, wrong, 0)


def test_average_precision() -> None:
    """Two of three references are found by the first and the third box of the ranking."""
    given = [box("a", 0, 0, 10, 10, score=0.9), box("a", 50, 50, 60, 60, score=0.8)]
    wanted = [box("a", 0, 0, 10, 10), box("a", 20, 20, 30, 30)]
    second = ([box("a", 0, 0, 10, 10, score=0.7)], [box("a", 0, 0, 10, 10)])
    samples = [scored("boxes", given, wanted), scored("boxes", *second)]
    expected = (34 * 1 + 33 * 2 / 3) / 101  # 101 recalls, of which 67 are reached
    assert coco_values(samples) == pytest.approx(dict.fromkeys(("map", "map50", "map75"), expected))


def test_average_precision_of_perfect_and_missing_boxes() -> None:
    boxes = [box("a", 0, 0, 10, 10), box("b", 5, 5, 20, 20)]
    assert [*coco_values([scored("boxes", boxes, boxes)]).values()] == pytest.approx([1, 1, 1])
    assert set(coco_values([scored("boxes", None, boxes)]).values()) == {0.0}
    assert all(np.isnan(value) for value in coco_values([scored("boxes", boxes, [])]).values())


edges = st.sampled_from([0.0, 5.0, 10.0, 12.0])
sides = st.sampled_from([4.0, 8.0])
boxes = st.lists(
    st.builds(
        lambda label, x, y, w, h: box(label, x, y, x + w, y + h),
        st.sampled_from("ab"),
        edges,
        edges,
        sides,
        sides,
    ),
    max_size=5,
)


@pytest.mark.parametrize("name", ["box_f1", "text_spotting"])
@given(samples=st.lists(st.tuples(boxes, boxes), min_size=1, max_size=5), seed=st.integers(0, 9))
def test_properties(name: str, samples: list[tuple[object, object]], seed: int) -> None:
    moved = random.Random(seed).sample(samples, len(samples))
    result = values(name, *samples)
    assert values(name, *moved) == pytest.approx(result)
    assert all(0 <= value <= 1 for value in result.values())
    assert values(name, *((wanted, wanted) for _, wanted in samples))["f1"] == 1
    wanted = [sample for sample in samples if sample[1]]
    if wanted:
        assert values(name, *((None, truth) for _, truth in wanted))["f1"] == 0


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", {"a": 1}),
        ("text", True),
        ("boxes", "dog"),
        ("boxes", [box("a", 0, 0, 1, float("nan"))]),
        ("boxes", [{"label": "a"}]),
        ("words", ["word"]),
        ("masks", [{"mask": {"size": [4], "counts": "x"}}]),
        ("masks", {"size": [0, 4], "counts": "x"}),
    ],
)
def test_other_types_are_refused(kind: Kind, value: object) -> None:
    with pytest.raises(WrongValue):
        read_prediction(kind, value)


def test_numbers_are_texts() -> None:
    assert read_references("text", [3, 3.0, 2.5]) == ("3", "3", "2.5")
    assert read_references("text", [1234567.25, 0.1234567891]) == ("1234567.25", "0.1234567891")
    single = struct.unpack("f", struct.pack("f", 0.1))[0]  # as a column of 32-bit numbers has it
    assert read_references("text", single) == ("0.1",)
    for missing in (float("nan"), float("inf")):
        with pytest.raises(WrongValue, match="finite"):
            read_references("text", missing)
    assert read_prediction("text", None) == ""
    with pytest.raises(WrongValue, match="no reference"):
        read_references("text", [])


def test_metrics_take_answers_of_tasks_that_exist() -> None:
    listed = (Caption, AltText, Describe, Ocr, Vqa, Question, Prompt, Detect, Segment, Grounded)
    known = {task.model_fields["kind"].default for task in (*listed, OcrBoxes)}
    for metric in METRICS.values():
        assert set(metric.tasks) <= known, metric.name
