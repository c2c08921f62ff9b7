"""Rows' answers are measured: lengths, languages, refusals, repetition and empty answers."""

import pytest

from filters.text_analysis.refusals import is_refusal
from inference import Caption, Detect
from pipelines.drift.measure_answers import is_repetitive, measure_answers
from pipelines.rows.row import Answer, Row
from schemas.answer_statistics import AnswerStatistics

GERMAN = "ein kleiner Hund läuft über die grüne Wiese hinter dem Haus"
ENGLISH = "a small dog runs across the green meadow behind the house"


def row(index: int, value: object, tokens: int = 3, status: str = "kept") -> Row:
    made = Row("a.tar", index, status=status)  # type: ignore[arg-type]
    made.answers["caption"] = Answer("ok", value=value, num_tokens=tokens)
    return made


def test_answers_are_counted() -> None:
    rows = [
        row(0, ENGLISH, 12),
        row(1, GERMAN, 14),
        row(2, " ", 1),
        row(3, "sorry, as a base VLM I am not trained to answer this question", 15),
        row(4, "a red car and a red car and a red car and a red car and", 20),
        row(5, None),  # withheld
        row(6, ENGLISH, 12, "dropped"),
    ]
    measured = measure_answers(rows, {"caption": Caption()})["caption"]
    assert measured.model_dump(exclude={"languages"}) == {
        "answers": 5,
        "empty": 1,
        "refusals": 1,
        "repetitive": 1,
        "texts": 4,
        "tokens": 62,
        "squared_tokens": 12**2 + 14**2 + 1 + 15**2 + 20**2,
    }
    assert measured.languages["de"] == 1
    assert measured.languages["en"] >= 1


def test_objects_are_no_texts_and_none_are_empty() -> None:
    found = [{"label": "a dog", "x_min": 0, "y_min": 0, "x_max": 5, "y_max": 5}]
    task = Detect(labels=("dog",))
    measured = measure_answers([row(0, found), row(1, [])], {"caption": task})["caption"]
    assert (measured.answers, measured.empty, measured.texts) == (2, 1, 0)
    assert measured.languages == {}


def test_sums_are_those_of_all_rows() -> None:
    rows = [row(index, text) for index, text in enumerate((ENGLISH, GERMAN, "", ENGLISH))]
    tasks = {"caption": Caption()}
    apart = [measure_answers([each], tasks)["caption"] for each in rows]
    assert sum(apart, AnswerStatistics()) == measure_answers(rows, tasks)["caption"]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("sorry, as a base VLM I am not trained to answer this question", True),
        ("I'm sorry, but I can't assist with that.", True),
        ("I cannot describe people in images.", True),
        ("As an AI language model, I see a dog.", True),
        ("unanswerable", True),
        ("Unsuitable image.", True),
        ("a person says sorry to a friend", False),
        ("a sign that reads: you cannot park here", False),
        ("a man who is not able to walk", False),
        ("an unanswerable question is written on the board", False),
        ("", False),
    ],
)
def test_refusals(text: str, is_one: bool) -> None:
    assert is_refusal(text) == is_one


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("red red red red red red red red", True),
        ("red red red red red red red", False),  # fewer than eight words
        (ENGLISH, False),
        ("one two one two one two one two one two", True),
    ],
)
def test_repetition(text: str, is_one: bool) -> None:
    assert is_repetitive(text) == is_one
