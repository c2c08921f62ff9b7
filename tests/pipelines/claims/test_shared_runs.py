"""Runs in one output leave each other's shards alone, and `status` shows who is at work."""

import os
from pathlib import Path

import pytest
from rich.console import Console
from support.other_run import at_work, claim_dead
from support.sample_data import job, pairs, write_shard

from pipelines.claims.shares import Share
from pipelines.concurrency.process_identity import has_ended, machine, process
from pipelines.config.job import Job
from pipelines.display.tables import status_table
from pipelines.display.watched_status import watched_line
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.output.layout import Layout
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError

STORAGE = LocalStorage()


@pytest.fixture
def shared(tmp_path: Path) -> Job:
    for number in range(6):
        write_shard(tmp_path / f"shards/{number}.tar", pairs(2, number))
    return job(tmp_path, model=None, tasks={}, filters=[{"kind": "text_quality", "min_words": 1}])


def test_shards_of_a_run_at_work_are_left_to_it(shared: Job) -> None:
    run(shared, limit_units=1)
    layout = at_work(shared, "3")
    summary = run(shared, wait=False)
    assert (summary.outcome, summary.units_here) == ("partial", 4)
    shown = status(shared.output)
    assert [(each.run, each.units) for each in shown.at_work] == [("other", ("3",))]
    assert shown.samples_per_second == 5.0
    assert shown.hours_left is not None
    assert shown.hours_left > 0
    STORAGE.delete(layout.heartbeat("other"))
    STORAGE.delete(layout.attempt("3", 1))
    assert run(shared).outcome == "complete"


def test_the_last_run_is_the_one_that_ended_last_whatever_its_clock_says(shared: Job) -> None:
    run(shared, limit_units=1)
    (summary,) = Path(Layout(shared.output).runs).iterdir()
    ahead = summary.rename(summary.with_name("99991231T000000Z-ffffff.record"))
    os.utime(ahead, (1, 1))
    last = run(shared)
    assert (last.outcome, last.units_here) == ("complete", 5)
    assert status(shared.output).last_run == last


def test_a_run_that_lingers_at_a_complete_output_has_nothing_left_to_do(shared: Job) -> None:
    assert run(shared).outcome == "complete"
    at_work(shared)
    state = status(shared.output)
    console = Console(width=200)
    with console.capture() as captured:
        console.print(status_table(state))
    (line,) = (each for each in captured.get().splitlines() if "other on" in each)
    assert line.split()[0] == "ending"
    assert line.endswith("UTC: it has nothing left to do")
    assert "a second" not in captured.get()
    assert watched_line(state).endswith("; complete")
    assert "samples/s" not in watched_line(state)


def test_shards_of_a_dead_process_of_this_machine_are_taken_over_at_once(shared: Job) -> None:
    run(shared, limit_units=1)
    claim_dead(shared, "3")
    lines: list[str] = []
    assert run(shared, on_warning=lines.append).outcome == "complete"
    assert lines == []


def test_a_shard_that_another_run_reports_as_failed_is_not_tried_again(
    shared: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(shared, limit_units=1)
    layout = at_work(shared)
    report = b'{"unit": "5", "status": "failed", "error": "shard_unreadable"}'

    def report_failure(_: object) -> None:
        STORAGE.write_bytes(layout.failed("5"), report)

    assert run(shared, on_plan=report_failure).units_here == 4


def test_shares_are_all_shards_once(shared: Job) -> None:
    planned = plan(shared)
    shares = [list(Share(n, 4).of(planned, planned.pending).column("name")) for n in range(1, 5)]
    assert sorted(name for share in shares for name in share) == list("012345")
    assert {len(share) for share in shares} == {1, 2}
    outcomes = [run(shared, share=Share(number, 4)).outcome for number in range(1, 5)]
    assert outcomes == ["partial", "partial", "partial", "complete"]


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "-1/3"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(JobError, match="--share"):
        Share.parse(text)


def test_processes_are_told_from_others_with_their_number() -> None:
    assert not has_ended(machine(), process())
    assert has_ended(machine(), f"{os.getpid()}-1")
    assert not has_ended("elsewhere", "999999999-1")
    assert process(999_999_999) == ""
