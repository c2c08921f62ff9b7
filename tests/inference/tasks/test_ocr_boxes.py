"""Tests text with places: prompts, parsing, and words that filters redact."""

from typing import Any, cast

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference import OcrBoxes
from inference.families import FAMILIES
from inference.tasks.ocr_boxes import replace_words
from schemas.generation import Generation
from schemas.sample import Sample

FAMILY = FAMILIES["paligemma"]
SAMPLE = Sample("a.tar", 0, {}, b"", 1023, 1023)
TASK = OcrBoxes()


def parse(text: str, reason: Any = "stop") -> tuple[list[dict[str, Any]], bool]:
    value, complete = TASK.parse(Generation((), text, reason), SAMPLE, FAMILY)
    return cast(list[dict[str, Any]], value), complete


def test_the_prompt_is_the_one_for_text_or_that_of_the_checkpoint() -> None:
    assert FAMILY.task_prompt(TASK, SAMPLE) == "ocr"
    assert FAMILY.task_prompt(OcrBoxes(prompt="ocr with boxes"), SAMPLE) == "ocr with boxes"


def test_words_have_boxes_in_the_order_of_the_answer() -> None:
    words, complete = parse(
        "<loc0010><loc0020><loc0030><loc0060> STOP ; <loc0040><loc0020><loc0050><loc0090> all-way"
    )
    assert complete
    box = {"x_min": 20.0, "y_min": 10.0, "x_max": 60.0, "y_max": 30.0}
    assert words[0] == {"text": "STOP", "score": None, **box}
    assert [word["text"] for word in words] == ["STOP", "all-way"]
    assert pa.array([words], OcrBoxes.column).to_pylist()[0][1]["x_max"] == 90
    assert parse("") == ([], True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STOP", []),
        ("<loc0010><loc0020><loc0030><loc0060>", []),
        ("<loc0010><loc0020><loc0030> a ; <loc0010><loc0020><loc0030><loc0060> b", ["b"]),
        ("<loc0010><loc0020><loc0010><loc0060> a", []),
        ("<loc0010><loc0020><loc0030><loc0060> a;b", ["a"]),
        (
            "<loc0010><loc0020><loc0030><loc0060> a <loc0010><loc0020><loc0030><loc0060> b",
            ["a", "b"],
        ),
    ],
)
def test_what_is_malformed_is_partial(text: str, expected: list[str]) -> None:
    words, complete = parse(text)
    assert ([word["text"] for word in words], complete) == (expected, False)


def test_an_answer_that_was_cut_is_partial() -> None:
    assert not parse("<loc0010><loc0020><loc0030><loc0060> ST", "length")[1]


def test_filters_judge_the_words_as_one_text() -> None:
    words, _ = parse(
        " ; ".join(f"<loc0010><loc0020><loc0030><loc0060> {w}" for w in ["call", "555", "0123"])
    )
    assert TASK.texts(words) == ("call 555 0123",)
    assert TASK.texts([]) == ()
    redacted = cast(Any, TASK.with_texts(words, ("call [PHONE]",)))
    assert [word["text"] for word in redacted] == ["call", "[PHONE]", "[PHONE]"]
    assert [word["x_min"] for word in redacted] == [20.0] * 3


@pytest.mark.parametrize(
    ("words", "text", "expected"),
    [
        (["a", "b c", "d"], "a b [X] d", ["a", "b [X]", "d"]),
        (["a", "b", "c"], "a c", ["a", "", "c"]),
        (
            ["mail", "a@b.c", "and", "a@b.c"],
            "mail [MAIL] and [MAIL]",
            ["mail", "[MAIL]", "and", "[MAIL]"],
        ),
        (["a", "b"], "", ["", ""]),
        (["tel:555", "x"], "tel:[PHONE] x", ["tel:[PHONE]", "x"]),
    ],
)
def test_redactions_are_mapped_to_words(words: list[str], text: str, expected: list[str]) -> None:
    assert replace_words(words, text) == expected


@settings(max_examples=50)
@given(st.lists(st.text("ab ", min_size=1, max_size=4), max_size=6), st.text("abX ", max_size=12))
def test_no_token_comes_back_that_was_redacted(words: list[str], text: str) -> None:
    replaced = replace_words(words, text)
    assert len(replaced) == len(words)
    assert {token for word in replaced for token in word.split()} <= set(text.split())
