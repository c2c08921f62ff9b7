"""What people see of a run: a bar in a terminal, lines elsewhere, little if it is quiet."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from support.sample_data import job, pairs, write_shard

from pipelines.display.progress import RunProgress, progress_line
from pipelines.metrics.run_metrics import RunMetrics
from pipelines.planning.plan import Plan, plan
from schemas.report import Counts, Progress, Summary, UnitReport

COMMITTED = UnitReport(unit="0", status="committed", counts=Counts(read=3, kept=2, dropped=1))
FAILED = UnitReport(unit="1", status="failed", error="shard_truncated", offset=512)


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    for number in range(2):
        write_shard(tmp_path / f"shards/{number}.tar", pairs(3, number))
    filters = [{"kind": "text_quality", "min_words": 1}]
    made = job(tmp_path, model=None, tasks={}, filters=filters)
    return plan(made, made.open_storage())


def shown(planned: Plan, *, terminal: bool, quiet: bool) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=200, color_system=None)
    with RunProgress(console, quiet=quiet) as progress:
        progress.on_plan(planned)
        progress.on_progress(Progress("0", 1, 100))
        progress.on_report(COMMITTED)
        progress.on_report(FAILED)
        progress.on_warning("look at this")
    return file.getvalue()


def test_a_terminal_gets_a_bar(planned: Plan) -> None:
    text = shown(planned, terminal=True, quiet=False)
    assert "annotating" in text
    assert "1 of 2 shards" in text


def test_elsewhere_there_are_lines(planned: Plan) -> None:
    lines = shown(planned, terminal=False, quiet=False).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "1 of 2 shards",
        "1",
        "look at this",
        "1 of 2 shards",
    ]
    assert lines[0].startswith("1 of 2 shards: 3 samples, 2 kept, 1 dropped")


def test_samples_are_told_from_those_of_shards_that_were_done_before(planned: Plan) -> None:
    metrics = RunMetrics()
    metrics.on_plan(planned)
    metrics.on_report(COMMITTED)
    assert progress_line(metrics).startswith("1 of 2 shards: 3 samples, 2 kept")
    metrics.units_done += 1
    assert progress_line(metrics).startswith("2 of 2 shards: 3 samples in this run, 2 kept")


def test_the_last_line_counts_what_other_runs_have_done(planned: Plan) -> None:
    written = io.StringIO()
    with RunProgress(Console(file=written, width=200)) as progress:
        progress.on_plan(planned)
        progress.on_report(COMMITTED)
        progress.on_report(FAILED)
        progress.on_summary(
            Summary.model_construct(outcome="complete", units_committed=2, storage_here=None)
        )
    assert written.getvalue().splitlines()[-1].startswith("2 of 2 shards: 3 samples in this run")
    assert "left" not in written.getvalue().splitlines()[-1]


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_leaves_warnings_and_damage(planned: Plan, terminal: bool) -> None:
    assert shown(planned, terminal=terminal, quiet=True).splitlines() == [
        "1: failed: shard_truncated near byte 512",
        "look at this",
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(90 * 3600, "90.0 hours"), (3600, "1.0 hours"), (61, "2 min")]
)
def test_the_time_left_is_in_hours_or_minutes(
    seconds: float, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunMetrics, "seconds_left", seconds)
    assert progress_line(RunMetrics()).endswith(f"; {expected} left")
