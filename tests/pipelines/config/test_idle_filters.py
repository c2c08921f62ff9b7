"""Filters that have nothing to judge in a job are refused when the job is loaded."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.sample_data import job

from pipelines.config.job import Job
from schemas.errors import JobError

DETECT = {"objects": {"kind": "detect", "labels": ["cat"]}}


def load(
    text: str | None, tasks: dict[str, Any] | None = None, carry: tuple[str, ...] = (), **keys: Any
) -> Job:
    given = {"shards": "a.tar", "text": text, "carry": carry}
    model = {} if tasks else {"model": None}
    return job(Path("work"), input=given, tasks=tasks or {}, filters=[keys], **model)


ASK = {"caption": {"kind": "caption"}}


@pytest.mark.parametrize(
    ("tasks", "keys", "message"),
    [
        ({}, {}, "name source texts in input.text, or remove the filter"),
        (DETECT, {"applies_to": "both"}, "name source texts in input.text, or remove the filter"),
        (ASK, {}, "name source texts in input.text, write applies_to: generated, or remove the f"),
        (DETECT, {"applies_to": "generated"}, "no task gives a text: remove the filter"),
    ],
)
def test_a_filter_of_texts_without_texts_is_refused(
    tasks: dict[str, Any], keys: dict[str, Any], message: str
) -> None:
    start = "filters.0 (text_quality): has nothing to judge: "
    with pytest.raises(ValidationError, match=re.escape(start + message)):
        load(None, tasks, kind="text_quality", **keys)


def test_carried_columns_are_no_texts_for_a_filter_of_source_texts() -> None:
    with pytest.raises(ValidationError, match="has nothing to judge"):
        load(None, carry=("json:url",), kind="text_quality")


def test_a_filter_that_would_drop_every_sample_is_refused() -> None:
    message = r"filters.0 \(datacomp_basic\): drops samples without a source text, which is every"
    with pytest.raises(ValidationError, match=message):
        load(None, kind="datacomp_basic")
    load("txt", kind="datacomp_basic")


@pytest.mark.parametrize(
    ("text", "tasks", "keys"),
    [
        ("txt", {}, {"kind": "text_quality"}),
        (None, ASK, {"kind": "text_quality", "applies_to": "both"}),
        (None, DETECT | ASK, {"kind": "text_quality", "applies_to": "generated"}),
        ("txt", DETECT, {"kind": "text_quality", "applies_to": "both"}),
        (None, {}, {"kind": "image_size"}),
        (None, {}, {"kind": "personal_data", "applies_to": "source"}),  # keys are judged
        (None, {}, {"kind": "text_quality", "applies_to": "generated"}),  # for filters_from
    ],
)
def test_filters_that_can_judge_something_are_accepted(
    text: str | None, tasks: dict[str, Any], keys: dict[str, Any]
) -> None:
    load(text, tasks, **keys)


def test_the_error_of_a_job_file_is_one_line() -> None:
    content = """
        name: a
        input: {shards: a.tar, text: null}
        filters: [{kind: image_size}, {kind: text_quality}]
        output: out
    """
    with pytest.raises(JobError) as caught:
        Job.parse(content, "job.yaml")
    assert str(caught.value) == (
        "job.yaml: filters.1 (text_quality): has nothing to judge: name source texts in "
        "input.text, or remove the filter"
    )
