"""Numbers and sentences of a report, at their boundaries."""

import pytest

from pipelines.display.report_page.job_text import job_text
from pipelines.display.report_page.numbers import duration, percent, written
from pipelines.display.report_page.words import runs_line
from pipelines.operations.reporting.report_costs import CostTally
from pipelines.report.report import RunsReport
from schemas.report import Stage


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (0.0, "0"),
        (3.0, "3"),
        (1234567.0, "1,234,567"),
        (0.8512, "0.851"),
        (1234.5, "1,234"),
        (-0.25, "-0.25"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert written(value) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (0, "0 %"),
        (1, "< 0.1 %"),
        (50, "0.5 %"),
        (500, "5 %"),
        (9950, "99.5 %"),
        (9999, "> 99.9 %"),
        (10000, "100 %"),
    ],
)
def test_no_part_of_many_looks_like_none_or_all(part: int, text: str) -> None:
    assert percent(part, 10000) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 seconds"),
        (9.9, "9.9 seconds"),
        (119, "119 seconds"),
        (120, "2.0 minutes"),
        (7200, "2.0 hours"),
        (172_800, "2.0 days"),
    ],
)
def test_durations_have_the_unit_that_reads_most_easily(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_time_for_which_the_engine_waited_is_said() -> None:
    runs = RunsReport(
        number=1,
        unreadable=0,
        shardmill=("0.1.0",),
        samples=100,
        seconds=50,
        worker_seconds=40,
        samples_per_second=2.5,
        stages={"inference": Stage(seconds=30), "wait": Stage(seconds=10)},
        storage=None,
        costs=CostTally().costs(None),
        salvaged=(),
        last=(),
    )
    assert "answered for 30 seconds, and waited for images for 10 seconds." in runs_line(runs)
    assert "engine" not in runs_line(runs.model_copy(update={"stages": {}}))


def test_hidden_characters_of_a_job_are_escapes() -> None:
    task = {"prompt": "a\u202eb\u200f", "labels": ["\u2066star", "می\u200cخواهم"]}
    text = job_text({"tasks": {"answer": task}})
    assert "prompt: a\\u202eb\\u200f\n" in text
    assert "labels: [\\u2066star, می\u200cخواهم]\n" in text
