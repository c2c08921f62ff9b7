"""Tests what verdicts do to samples and to answers, with filters defined here."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sample_data import job

from filters import ImageFilter, ImageSize, TextFilter, TextQuality
from filters.base import Filter, Judge, filter_names
from inference import Caption, Detect
from inference.families import FAMILIES
from pipelines.annotation.filtering import FilterChain
from pipelines.rows.row import SKIPPED, Answer, Row, answer
from pipelines.storage.local import LocalStorage
from schemas.errors import WorkerFault
from schemas.generation import Generation
from schemas.resources import Resources
from schemas.sample import Sample, Text
from schemas.verdict import Action, Verdict, drop, indeterminate, keep, redact

RESOURCES = Resources(open=LocalStorage().open)
RANK = ("keep", "redact", "indeterminate", "drop")


class Words(TextFilter):
    """Judges a text by its words: drops "bad", quarantines "odd", redacts "x"."""

    kind: str = "words"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        return [self._judge(item) for item in items]

    def _judge(self, item: Text) -> Verdict:
        words = item.value.split()
        if "bad" in words:
            return drop("bad_word", {"worst": 1.0})
        if "odd" in words:
            return indeterminate("odd_word")
        if "x" in words:
            return redact(item.value.replace("x", "[X]"), {"X": words.count("x")})
        return keep({"worst": len(words) / 10})


class Prose(Words):
    kind: str = "prose"
    fields: ClassVar[Literal["prose", "all"]] = "prose"


class English(TextFilter):
    """Keeps English texts and quarantines all other languages."""

    kind: str = "english"

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        known = ("", "en")
        return [keep() if item.language in known else indeterminate("language") for item in items]


class Short(ImageFilter):
    """Returns one verdict too few."""

    reads: ClassVar[Literal["bytes", "header", "frames"]] = "bytes"
    kind: str = "short"

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [keep() for _ in items[1:]]


class Reading(ImageFilter):
    """Drops samples whose bytes, header or frames are missing, as `reads` says."""

    kind: str = "reading"

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        contents = [
            {"bytes": len(i.image), "header": i.width, "frames": len(i.frames)} for i in items
        ]
        return [keep() if c[self.reads] else drop(f"no_{self.reads}") for c in contents]


class ReadingBytes(Reading):
    reads: ClassVar[Literal["bytes", "header", "frames"]] = "bytes"


class ReadingHeader(Reading):
    reads: ClassVar[Literal["bytes", "header", "frames"]] = "header"


def row(index: int = 0, **texts: str) -> Row:
    return Row("a.tar", index, texts={name: Text(text) for name, text in texts.items()})


def judged(stages: Sequence[Filter], *rows: Row, evaluate_all: bool = False) -> None:
    FilterChain(stages, RESOURCES, evaluate_all).on_texts(rows)


def answered(
    text: str, *stages: Filter, value: object = None, understood: bool = True, **task: Any
) -> tuple[Row, Answer]:
    """Judge one answer: a caption of this text, or the objects given as `value`."""
    parsed_by = Detect(labels=("a",)) if value is not None else Caption.model_validate(task)
    generation = Generation((), text)
    value = text if value is None else value
    asked = row()
    asked.answers["task"] = answer(generation, value, understood, parsed_by)
    FilterChain(stages, RESOURCES).judge_answers(
        [asked], {"task": parsed_by}, FAMILIES["paligemma"].strip_markup
    )
    return asked, asked.answers["task"]


def objects(*labels: str) -> list[dict[str, object]]:
    return [{"label": label, "score": 0.5} for label in labels]


@pytest.mark.parametrize(
    ("texts", "status", "reason"),
    [
        ({"source_text": "good", "key": "0"}, "kept", ""),
        ({"source_text": "good", "key": "bad"}, "dropped", "bad_word"),
        ({"source_text": "bad", "key": "odd"}, "dropped", "bad_word"),
        ({"source_text": "x", "url": "odd"}, "quarantined", "odd_word"),
        ({"source_text": "good", "url": "x"}, "kept", ""),
    ],
)
def test_the_worst_verdict_on_any_text_decides(
    texts: Mapping[str, str], status: str, reason: str
) -> None:
    sample = row(**texts)
    judged([Words()], sample)
    assert (sample.status, sample.reason) == (status, reason)
    assert sample.filter == ("words" if reason else "")


@given(st.lists(st.sampled_from(["good", "x", "odd", "bad"]), min_size=1, max_size=4))
def test_the_most_severe_action_decides(words: list[str]) -> None:
    actions: dict[str, Action] = {
        "good": "keep",
        "x": "redact",
        "odd": "indeterminate",
        "bad": "drop",
    }
    sample = row(**{f"field{index}": word for index, word in enumerate(words)})
    judged([Words()], sample)
    worst = max((actions[word] for word in words), key=RANK.index)
    expected = {"drop": "dropped", "indeterminate": "quarantined"}.get(worst, "kept")
    assert sample.status == expected


@pytest.mark.parametrize(
    ("choice", "status"),
    [("quarantine", "quarantined"), ("drop", "dropped"), ("keep", "kept")],
)
def test_indeterminate_samples_follow_on_indeterminate(choice: Any, status: str) -> None:
    sample = row(source_text="odd")
    judged([Words(on_indeterminate=choice)], sample)
    assert sample.status == status


def test_filters_judge_in_the_order_of_the_job_and_skip_rejected_samples() -> None:
    first, second = Words(), Words()
    samples = [row(0, source_text="a bad x"), row(1, source_text="x")]
    judged([first, second], *samples)
    assert (samples[0].filter, samples[0].status) == ("words", "dropped")
    assert samples[1].texts["source_text"].value == "[X]"
    assert samples[1].scores == {"words_2.worst": 0.1}  # of the redacted text


def test_texts_are_redacted_one_by_one_and_counted() -> None:
    sample = row(source_text="x and x", key="x", url="good")
    judged([Words()], sample)
    assert {name: text.value for name, text in sample.texts.items()} == {
        "source_text": "[X] and [X]",
        "key": "[X]",
        "url": "good",
    }
    assert sample.redactions == {"X": 3}


def test_scores_are_the_highest_of_all_texts_by_filter() -> None:
    sample = row(source_text="one two", key="one", url="one two three")
    judged([Words(), Prose()], sample)
    assert sample.scores == {
        "words.worst": pytest.approx(0.3),
        "prose.worst": 0.2,
    }


def test_prose_filters_ignore_keys_and_carried_columns() -> None:
    sample = row(source_text="good", key="bad", url="bad")
    judged([Prose()], sample)
    assert sample.kept


@pytest.mark.parametrize(("applies_to", "kept"), [("generated", True), ("source", False)])
def test_filters_judge_source_or_generated_texts_as_applies_to_says(
    applies_to: Literal["source", "generated"], kept: bool
) -> None:
    sample = row(source_text="bad")
    judged([Words(applies_to=applies_to)], sample)
    assert sample.kept == kept
    _, given_answer = answered("bad", Words(applies_to=applies_to))
    assert given_answer.status == ("ok" if not kept else "dropped")


@pytest.mark.parametrize(
    ("text", "status", "value"),
    [
        ("good", "ok", "good"),
        ("x here", "redacted", "[X] here"),
        ("odd", "quarantined", None),
        ("bad", "dropped", None),
    ],
)
def test_a_rejected_answer_does_not_reject_its_sample(
    text: str, status: str, value: str | None
) -> None:
    asked, given_answer = answered(text, Words())
    assert asked.kept
    assert (given_answer.status, given_answer.value) == (status, value)


@pytest.mark.parametrize(
    ("labels", "status", "expected", "raw"),
    [
        (["a", "b"], "ok", ["a", "b"], "RAW"),
        (["a", "x", "b x"], "redacted", ["a", "[X]", "b [X]"], None),
        (["a", "odd"], "quarantined", None, None),
        (["odd", "bad"], "dropped", None, None),
        ([], "ok", [], "RAW"),
    ],
)
def test_the_worst_label_decides_for_all_objects(
    labels: list[str], status: str, expected: list[str] | None, raw: str | None
) -> None:
    _, given_answer = answered("RAW", Words(), value=objects(*labels))
    assert given_answer.status == status
    assert given_answer.raw == raw
    assert given_answer.value == (None if expected is None else objects(*expected))


@pytest.mark.parametrize(
    ("raw", "status", "labels", "kept_raw"),
    [
        ("<loc0001> good", "partial", ["a"], "<loc0001> good"),
        ("<loc0001>bad", "dropped", None, None),
        ("odd<seg001>", "quarantined", None, None),
        ("<loc0001>x<loc0002>", "redacted", ["a"], None),
    ],
)
def test_raw_answers_are_judged_before_they_are_stored(
    raw: str, status: str, labels: list[str] | None, kept_raw: str | None
) -> None:
    _, given_answer = answered(raw, Words(), value=objects("a"), understood=False)
    assert (given_answer.status, given_answer.raw) == (status, kept_raw)
    assert given_answer.value == (None if labels is None else objects(*labels))


def test_prose_filters_ignore_labels() -> None:
    _, given_answer = answered("RAW", Prose(), value=objects("bad"))
    assert given_answer.status == "ok"
    assert answered("bad", Prose())[1].status == "dropped"


def test_later_filters_skip_a_rejected_answer() -> None:
    asked, given_answer = answered("odd bad", English(), Words(), language="de")
    assert given_answer.status == "quarantined"
    assert asked.scores == {"english.task.indeterminate_language": 1.0}
    assert answered("odd bad", English(), Words(), language="en")[1].status == "dropped"


def test_scores_of_answers_name_the_task_and_redactions_add_up() -> None:
    asked, _ = answered("one two", Words(), Prose())
    assert asked.scores == {"words.task.worst": 0.2, "prose.task.worst": 0.2}
    asked, _ = answered("", Words(), value=objects("one two three", "one", "x x"))
    assert asked.scores == {"words.task.worst": pytest.approx(0.3)}
    assert asked.redactions == {"X": 2}


def test_skipped_answers_and_rejected_rows_are_not_judged() -> None:
    skipped, rejected = row(0), row(1)
    skipped.answers["task"] = SKIPPED
    rejected.answers["task"] = Answer("ok", "bad")
    rejected.reject("dropped", "before")
    FilterChain([Words()], RESOURCES).judge_answers(
        [skipped, rejected], {"task": Caption()}, FAMILIES["paligemma"].strip_markup
    )
    assert skipped.answers["task"].status == "skipped"
    assert rejected.answers["task"].status == "ok"
    assert (skipped.scores, rejected.scores) == ({}, {})


def test_each_image_filter_judges_at_its_stage() -> None:
    filter_chain = FilterChain([Reading(), ReadingHeader(), ReadingBytes()], RESOURCES)
    assert filter_chain.reads_frames
    sample = row()
    sample.image = b"x"
    filter_chain.on_bytes([sample])
    sample.width = sample.height = 9
    filter_chain.on_header([sample])
    sample.frames = (np.zeros((9, 9, 3), np.uint8),)
    filter_chain.on_frames([sample])
    assert sample.kept
    for judge, reads in (
        (filter_chain.on_bytes, "bytes"),
        (filter_chain.on_header, "header"),
        (filter_chain.on_frames, "frames"),
    ):
        empty = row()
        judge([empty])
        assert (empty.status, empty.reason) == ("dropped", f"no_{reads}")


def test_frames_are_read_only_where_a_filter_needs_them() -> None:
    assert not FilterChain([ImageSize(), Words()], RESOURCES).reads_frames
    assert not FilterChain([], RESOURCES).reads_frames


def test_a_wrong_number_of_verdicts_is_the_workers_fault() -> None:
    with pytest.raises(WorkerFault, match="filter short: 1 verdicts on 2 items"):
        FilterChain([Short()], RESOURCES).on_bytes([row(0), row(1)])


class Redacting(Short):
    """Returns `redact`, which images do not support."""

    kind: str = "redacting"

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [redact("", {}) for _ in items]


def test_redacting_an_image_is_an_error() -> None:
    with pytest.raises(WorkerFault, match="filter redacting: nothing of an image can be redacted"):
        FilterChain([Redacting()], RESOURCES).on_bytes([row()])


@pytest.mark.parametrize("evaluate_all", [False, True])
def test_filters_after_a_drop_run_only_with_evaluate_all(evaluate_all: bool) -> None:
    sample, broken = row(source_text="a bad star"), row(source_text="bad")
    broken.reject("invalid", "image_empty")
    judged([Words(), TextQuality(min_words=9)], sample, broken, evaluate_all=evaluate_all)
    assert (sample.status, sample.filter, sample.reason) == ("dropped", "words", "bad_word")
    assert ("text_quality.words" in sample.scores) == evaluate_all
    assert broken.scores == {}


class Listed(ImageFilter):
    """Drops every sample and conceals it, like a hash list."""

    reads: ClassVar[Literal["bytes", "header", "frames"]] = "header"
    conceals: ClassVar[bool] = True
    kind: str = "listed"

    def load(self, resources: Resources) -> Judge[Sample]:
        return self

    def judge(self, items: Sequence[Sample]) -> list[Verdict]:
        return [drop("listed", {"distance": 0.0}) for _ in items]


@pytest.mark.parametrize("evaluate_all", [False, True])
def test_a_concealed_sample_stores_only_its_reason(evaluate_all: bool) -> None:
    sample = row(source_text="a x star")
    filter_chain = FilterChain([Words(), Listed(), ImageSize()], RESOURCES, evaluate_all)
    filter_chain.on_texts([sample])
    assert sample.redactions
    filter_chain.on_header([sample])
    assert (sample.status, sample.filter, sample.reason) == ("dropped", "listed", "listed")
    assert (sample.scores, sample.redactions, sample.texts, sample.language) == ({}, {}, {}, "")


def test_a_concealing_filter_replaces_an_earlier_reason() -> None:
    sample = row(source_text="bad")
    filter_chain = FilterChain([Words(), Listed()], RESOURCES, evaluate_all=True)
    filter_chain.on_texts([sample])
    filter_chain.on_header([sample])
    assert (sample.filter, sample.reason, sample.scores) == ("listed", "listed", {})


def test_the_source_language_is_detected_once_and_survives_redaction() -> None:
    sample = row(source_text="the dog x runs with a ball in the park", key="0")
    judged([Words()], sample)
    assert sample.language == sample.texts["source_text"].language == "en"
    assert sample.texts["key"].language == ""
    short = row(source_text="x")
    judged([Words()], short)
    assert (short.language, short.texts["source_text"].language) == ("unknown", "")
    unread = row(source_text="the dog runs with a ball in the park")
    judged([ImageSize()], unread)
    assert unread.language == ""


def test_filters_of_the_same_kind_are_numbered() -> None:
    stages = [Words(), ImageSize(), Words(), Words()]
    assert filter_names(stages) == ["words", "image_size", "words_2", "words_3"]


def test_a_job_accepts_custom_filters(tmp_path: Path) -> None:
    small_job = job(tmp_path, filters=[Words(applies_to="source"), ImageSize()])
    assert small_job.filters[0] == Words(applies_to="source")
    sample = row(source_text="bad")
    judged(small_job.filters, sample)
    assert sample.status == "dropped"
