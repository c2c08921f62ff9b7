"""Tests the detection and segmentation tasks: prompts, labels, and values stored in Arrow."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from inference import Detect, Segment
from inference.families import FAMILIES
from inference.tasks.prompt_text import LONGEST
from schemas.errors import JobError
from schemas.generation import Generation, Token
from schemas.resources import Resources
from schemas.sample import Sample, Text

FAMILY = FAMILIES["paligemma"]
SAMPLE = Sample("a.tar", 0, {}, b"", 640, 480)
SMALL = Sample("a.tar", 0, {}, b"", 64, 48)
CAT = "<loc0000><loc0000><loc1023><loc1023>"
MASK = "<seg000>" * 16


def test_prompts_of_the_location_tasks() -> None:
    labels = ("person", "brown dog")
    assert FAMILY.task_prompt(Detect(labels=labels), SAMPLE) == "detect person ; brown dog"
    assert FAMILY.task_prompt(Segment(labels=("person",)), SAMPLE) == "segment person"
    assert Segment(labels=labels, mask_decoder="vae.npz").files() == ("vae.npz",)
    assert Detect(labels=labels).files() == Segment(labels=labels).files() == ()


@pytest.mark.parametrize("label", ["", " ", "a;b", "<loc0000>", "a<b", "two\nlines", " cat"])
def test_labels_that_break_the_prompt_are_refused(label: str) -> None:
    with pytest.raises(ValidationError, match="a label is words"):
        Detect(labels=("person", label))


@pytest.mark.parametrize("given", [{}, {"labels": ()}, {"labels": ("a",), "labels_field": "b"}])
def test_labels_come_from_the_job_or_from_a_field(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one of labels and labels_field"):
        Detect(**given)


def with_texts(**texts: str) -> Sample:
    texts = {name.replace("_", "."): text for name, text in texts.items()}
    return replace(SAMPLE, texts={name: Text(text) for name, text in texts.items()})


@pytest.mark.parametrize(
    ("example", "prompt"),
    [
        (with_texts(things="the left man"), "detect the left man"),
        (with_texts(things=" red  car;dog ;; red car\nbus"), "detect red car ; dog ; bus"),
        (with_texts(things_0="a cat", things_1="a <loc0000> dog"), "detect a cat ; a loc0000 dog"),
        (with_texts(things="a" * 600), "detect " + "a" * LONGEST),
        (with_texts(things=f"{'a' * 500};{'b' * 9};{'c' * 10}"), f"detect {'a' * 500} ; {'b' * 9}"),
        (with_texts(things=" ; <>"), None),
        (with_texts(other="cat"), None),
    ],
)
def test_labels_of_the_sample(example: Sample, prompt: str | None) -> None:
    task = Detect(labels_field="things")
    assert task.fields() == ("things",)
    assert FAMILY.task_prompt(task, example) == prompt
    segment = Segment(labels_field="things")
    assert FAMILY.task_prompt(segment, example) == (prompt and f"segment{prompt[6:]}")


def test_a_label_that_the_sample_does_not_name_is_flagged() -> None:
    task = Detect(labels_field="things")
    answer = Generation((), f"{CAT} Cat ; {CAT} dog")
    value, complete = task.parse(answer, with_texts(things="cat; bus"), FAMILY)
    assert [each["unasked"] for each in cast(Any, value)] == [False, True]
    assert not complete


@given(st.lists(st.floats(0.1, 1)), st.integers(1, 4))
def test_the_best_objects_are_stored_in_the_order_of_the_answer(
    scores: list[float], best: int
) -> None:
    codes = [f"{code}>" for code in CAT.split(">")[:4]]
    tokens = [Token(0, code, math.log(score)) for score in scores for code in codes]
    answer = Generation(tuple(tokens), " ; ".join(f"{CAT} cat" for _ in scores))
    every, few = (
        cast(Any, Detect(labels=("cat",), best=most).parse(answer, SAMPLE, FAMILY)[0])
        for most in (None, best)
    )
    assert len(few) == min(best, len(scores))
    assert sorted(each["score"] for each in few) == sorted(each["score"] for each in every)[-best:]
    positions = iter(every)
    assert all(each in positions for each in few)


def test_only_the_best_object_gets_a_mask(mask_decoder: Path) -> None:
    task = Segment(labels=("cat",), mask_decoder=str(mask_decoder), best=1)
    answer = Generation((), f"{CAT}{MASK} cat ; {CAT}{MASK} cat")
    value, complete = task.parse(answer, SMALL, FAMILY)
    (row,) = cast(Any, value)
    assert row["mask"]["size"] == [48, 64]
    assert complete


def test_boxes_are_stored_with_their_scores() -> None:
    tokens = tuple(Token(0, code + ">", math.log(0.5)) for code in CAT.split(">")[:4])
    answer = Generation(tokens, f"{CAT} cat")
    value, understood = Detect(labels=("cat",)).parse(answer, SAMPLE, FAMILY)
    edges = {"x_min": 0, "y_min": 0, "x_max": 640, "y_max": 480}
    assert value == [{"label": "cat", "score": pytest.approx(0.5), **edges, "unasked": False}]
    assert understood
    assert pa.array([value], Detect.column).to_pylist() == [value]


def test_mask_codes_are_stored_without_a_decoder() -> None:
    task = Segment(labels=("cat",))
    value, understood = task.parse(Generation((), f"{CAT}{MASK} cat"), SAMPLE, FAMILY)
    (row,) = pa.array([value], Segment.column).to_pylist()[0]
    assert (row["codes"], row["mask"], row["score"], understood) == ([0] * 16, None, None, True)


def test_masks_are_stored_with_a_decoder(mask_decoder: Path) -> None:
    task = Segment(labels=("cat",), mask_decoder=str(mask_decoder))
    value, _ = task.parse(Generation((), f"{CAT}{MASK} cat ; {CAT} dog"), SMALL, FAMILY)
    cat, dog = pa.array([value], Segment.column).to_pylist()[0]
    assert cat["mask"]["size"] == [48, 64]
    assert cat["mask"]["counts"]
    assert dog["mask"] is None


def test_filters_judge_the_labels() -> None:
    task = Segment(labels=("cat",))
    value, _ = task.parse(Generation((), f"{CAT}{MASK} cat ; {CAT}{MASK} dog"), SAMPLE, FAMILY)
    assert task.texts(value) == ("cat", "dog")
    other = task.with_texts(value, ("[cat]", "[dog]"))
    assert task.texts(other) == ("[cat]", "[dog]")
    assert task.texts(value) == ("cat", "dog")
    assert task.with_texts(other, ("cat", "dog")) == value


@pytest.mark.parametrize(
    ("asked", "written", "unasked"),
    [
        ("square", "square", False),
        ("square", "cross", True),
        ("square", "squares", True),
        ("Brown Dog", "brown  dog", False),
        ("Straße", "STRASSE", False),
        ("square", "", False),
    ],
)
@pytest.mark.parametrize("kind", [Detect, Segment])
def test_a_box_with_a_label_that_nobody_asked_for_is_flagged(
    kind: type[Detect | Segment], asked: str, written: str, unasked: bool
) -> None:
    """The whole answer was parsed, but it is not an answer to what was asked alone."""
    task = kind(labels=("circle", asked))
    codes = MASK if kind is Segment else ""
    answer = f"{CAT}{codes} circle ; {CAT}{codes} {written}".rstrip()
    value, complete = task.parse(Generation((), answer), SAMPLE, FAMILY)
    first, second = pa.array([value], task.column).to_pylist()[0]
    assert (first["unasked"], second["unasked"], complete) == (False, unasked, not unasked)
    redacted = task.with_texts(value, ("circle", "[WORD]"))
    assert pa.array([redacted], task.column).to_pylist()[0][1]["unasked"] == unasked


@given(st.text() | st.lists(st.sampled_from([CAT, MASK, "cat", ";", "<seg127>"])).map("".join))
def test_every_answer_can_be_stored(text: str) -> None:
    for task in (Detect(labels=("cat",)), Segment(labels=("cat",))):
        value, _ = task.parse(Generation((), text), SAMPLE, FAMILY)
        assert pa.array([value], task.column).to_pylist() == [value]


def test_a_bad_mask_decoder_is_refused_before_the_first_answer(tmp_path: Path) -> None:
    (tmp_path / "bad.npz").write_bytes(b"no weights")
    task = Segment(labels=("cat",), mask_decoder=str(tmp_path / "bad.npz"))
    with pytest.raises(JobError, match=r"mask_decoder: .*bad\.npz"):
        task.load(Resources(open), FAMILY)
