"""Tests regions: boxes of the samples, in prompts and drawn into the model image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inference import Caption, Prompt, Vqa
from inference.families import FAMILIES
from inference.tasks.detections import Box
from inference.tasks.regions import draw_region, read_region
from schemas.generation import Generation
from schemas.sample import Sample, Text

FAMILY = FAMILIES["paligemma"]
WIDTH, HEIGHT = 640, 480


def sample(**texts: str) -> Sample:
    """A sample whose texts have the names with `_` as dots."""
    named = {name.replace("_", "."): Text(text) for name, text in texts.items()}
    return Sample("a.tar", 0, named, b"", WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("written", "box"),
    [
        ("10 20 110 80", Box(10, 20, 110, 80)),
        (" [10, 20.5, 1.1e2,\t80] ", Box(10, 20.5, 110, 80)),
        ("(-5,-5,700,500)", Box(0, 0, WIDTH, HEIGHT)),
        ("10 20 10 80", None),
        ("110 20 10 80", None),
        ("650 20 700 80", None),
        ("10 20 110", None),
        ("10 20 110 80 5", None),
        ("10 20 110 1e999", None),
        ("nan 20 110 80", None),
        ("", None),
        ("1 " * 200, None),
        ("x_min y_min x_max y_max", None),
    ],
)
def test_a_box_is_read_from_a_text(written: str, box: Box | None) -> None:
    assert read_region(sample(box=written), "box") == box


def test_a_box_is_read_from_a_list() -> None:
    numbers = {"box_0": "10", "box_1": "20", "box_2": "110.0", "box_3": "80"}
    assert read_region(sample(**numbers), "box") == Box(10, 20, 110, 80)
    assert read_region(sample(**numbers, box_4="1"), "box") is None
    assert read_region(sample(box_0="10"), "box") is None
    assert read_region(sample(), "box") is None


def test_a_task_about_a_drawn_box_keeps_its_prompt() -> None:
    example = sample(box="10 20 110 80", question="what is it for?")
    for task, prompt in (
        (Caption(region_field="box"), "caption en"),
        (Vqa(region_field="box", question_field="question"), "answer en what is it for?"),
        (Prompt(region_field="box", text=""), ""),
    ):
        assert FAMILY.task_prompt(task, example) == prompt
        assert task.drawn_region(example) == Box(10, 20, 110, 80)
        assert task.list_fields() == ("box",)
        assert set(task.fields()) >= {"box"}
        assert FAMILY.task_prompt(task, sample(box="?", question="why?")) is None
    assert Caption().drawn_region(example) is None


def test_location_tokens_name_a_box() -> None:
    example = sample(box="0 0 320 240")
    for task, prompt in (
        (
            Caption(region_field="box", region="tokens"),
            "caption <loc0000><loc0000><loc0512><loc0512>",
        ),
        (
            Prompt(region_field="box", region="tokens", text="read {region} aloud"),
            "read <loc0000><loc0000><loc0512><loc0512> aloud",
        ),
    ):
        assert FAMILY.task_prompt(task, example) == prompt
        assert task.drawn_region(example) is None
        assert FAMILY.task_prompt(task, sample()) is None


EDGE = st.floats(0, 1)


@given(EDGE, EDGE, EDGE, EDGE)
def test_location_tokens_are_read_as_the_same_box(a: float, b: float, c: float, d: float) -> None:
    """Each edge moves by at most half a bin, which is 1 / 1023 of the side."""
    x_min, x_max = sorted((a * WIDTH, b * WIDTH))
    y_min, y_max = sorted((c * HEIGHT, d * HEIGHT))
    if x_max - x_min < 2 * WIDTH / 1023 or y_max - y_min < 2 * HEIGHT / 1023:
        return  # thinner than the bins
    written = f"{x_min!r} {y_min!r} {x_max!r} {y_max!r}"
    prompt = FAMILY.task_prompt(Caption(region_field="box", region="tokens"), sample(box=written))
    assert prompt is not None
    answer = Generation((), prompt.removeprefix("caption "))
    (read,), complete = FAMILY.read_objects(answer, WIDTH, HEIGHT, masks=False)
    assert complete
    halves = np.array([WIDTH, HEIGHT, WIDTH, HEIGHT]) / 1023 / 2
    assert (np.abs(np.subtract(read.box, (x_min, y_min, x_max, y_max))) <= halves + 1e-6).all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((Caption, {"region": "tokens"}), "needs region_field"),
        (
            (Vqa, {"question": "a", "region_field": "b", "region": "tokens"}),
            "knows no location",
        ),
        ((Prompt, {"text": "a", "region_field": "b", "region": "tokens"}), r"needs \{region\}"),
        ((Prompt, {"text_field": "a", "region_field": "b", "region": "tokens"}), "needs"),
        ((Prompt, {"text": "a {region}", "region_field": "b"}), "only with region: tokens"),
        ((Prompt, {"text": "a {region}"}), "only with region: tokens"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    given: tuple[type[Vqa], dict[str, str]], message: str
) -> None:
    kind, keys = given
    with pytest.raises(ValidationError, match=message):
        kind.model_validate(keys)


def test_a_box_is_drawn_as_by_tensorflow() -> None:
    """Edges are at int(share * (S - 1)), and lines are one pixel wide."""
    image = np.full((56, 56, 3), 7, np.uint8)
    drawn = draw_region(image, Box(64, 48, 320, 480), WIDTH, HEIGHT)
    red = (drawn == (255, 0, 0)).all(axis=2)
    rows, columns = np.nonzero(red)
    assert (rows.min(), rows.max()) == (5, 55)  # 0.1 * 55 and 1.0 * 55
    assert (columns.min(), columns.max()) == (5, 27)  # 0.1 * 55 and 0.5 * 55
    assert red.sum() == 2 * (55 - 5 + 27 - 5)
    assert (drawn[~red] == 7).all()
    assert (image == 7).all()


@given(EDGE, EDGE, EDGE, EDGE)
def test_any_box_can_be_drawn(a: float, b: float, c: float, d: float) -> None:
    x_min, x_max = sorted((a, b))
    y_min, y_max = sorted((c, d))
    drawn = draw_region(np.zeros((8, 8, 3), np.uint8), Box(x_min, y_min, x_max, y_max), 1, 1)
    assert drawn.any()
