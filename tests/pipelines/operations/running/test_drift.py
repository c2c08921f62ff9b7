"""A run compares answers with those of the first units, also after restarts."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.command_line import CommandLine
from support.sample_data import job, pairs, write_shard

from pipelines.config.job import Job
from pipelines.drift.records import read_record
from pipelines.operations.run import run
from pipelines.operations.running.drift import DriftWatch
from pipelines.operations.status import status
from pipelines.output.layout import Layout
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import Plan, plan
from pipelines.storage.local import LocalStorage
from schemas.answer_statistics import AnswerStatistics
from schemas.errors import AnswersDrifted, JobError
from schemas.report import UnitReport

STORAGE = LocalStorage()
FIRST = 10  # units


def alike(number: int) -> AnswerStatistics:
    return AnswerStatistics(
        answers=200, empty=number % 2, texts=200 - number % 2, tokens=2000, squared_tokens=20400
    )


EMPTY = AnswerStatistics(answers=200, empty=200, tokens=200, squared_tokens=200)


@pytest.fixture
def planned(tmp_path: Path, checkpoint: Path) -> Plan:
    write_shard(tmp_path / "shards/a.tar", pairs(1))
    made = plan(job(tmp_path, checkpoint, drift={"units": FIRST}))
    begin_output(made, STORAGE)
    return plan(made.work.job)


def watched(planned: Plan, run_id: str, units: Sequence[AnswerStatistics]) -> DriftWatch:
    """Watch the answers of these units in a run."""
    watch = DriftWatch(planned, run_id, STORAGE)
    for number, each in enumerate(units):
        report = UnitReport(
            unit=f"{run_id}-{number}", status="committed", answers={"caption": each}
        )
        watch.add(report)
    return watch


def changes(planned: Plan, run_id: str) -> list[str]:
    record = read_record(planned.work.layout, STORAGE, run_id)
    return [f"{each.characteristic} {each.unit}" for each in record.changes]


def again(planned: Plan) -> Plan:
    """Plan the job again, which lists what runs have written."""
    return plan(planned.work.job)


def test_a_change_is_told_once_and_again_after_it_has_ended(planned: Plan) -> None:
    first = [alike(number) for number in range(FIRST)]
    later = [alike(0), EMPTY, EMPTY, *[alike(number) for number in range(20)], EMPTY]
    watched(planned, "1", [*first, *later]).close()
    assert [each for each in changes(planned, "1") if each.startswith("empty")] == [
        "empty 1-11",
        "empty 1-33",
    ]


@pytest.mark.parametrize("cut", [1, FIRST - 1, FIRST, FIRST + 1])
def test_a_run_that_is_killed_is_continued(planned: Plan, cut: int) -> None:
    units = [alike(number) for number in range(FIRST + 2)]
    watched(planned, "1", units[:cut])  # is killed: nothing is closed
    watched(again(planned), "2", [*units[cut:], EMPTY]).close()
    assert changes(planned, "2")[0] == f"empty 2-{FIRST + 2 - cut}"
    assert changes(planned, "1") == []


def test_runs_at_once_compare_with_the_same_first_units(planned: Plan) -> None:
    one = watched(planned, "1", [])
    first = [alike(number) for number in range(FIRST)]
    watched(planned, "2", first)
    for number in range(FIRST):  # its own first units would all be empty
        one.add(UnitReport(unit=f"1-{number}", status="committed", answers={"caption": EMPTY}))
    one.add(UnitReport(unit="last", status="committed", answers={"caption": EMPTY}))
    one.close()
    assert "empty last" in changes(planned, "1")


def test_a_damaged_record_is_as_none(planned: Plan) -> None:
    watched(planned, "1", [alike(number) for number in range(FIRST)]).close()
    for file in Path(planned.work.layout.root, "_shardmill/drift").iterdir():
        file.write_bytes(b"{")
    watched(again(planned), "2", [alike(number) for number in range(FIRST)]).close()
    assert changes(planned, "2") == []


def shards(folder: Path, number: int, side: int = 24) -> None:
    for unit in range(number):
        write_shard(folder / f"shards/{unit:02}.tar", pairs(110, unit, side))


def drifting(folder: Path, checkpoint: Path, **keys: Any) -> Job:
    task = {"caption": {"kind": "caption", "max_new_tokens": 1}}
    return job(folder, checkpoint, tasks=task, **keys)


def test_without_drift_nothing_is_measured(tmp_path: Path, checkpoint: Path) -> None:
    write_shard(tmp_path / "shards/0.tar", pairs(3))
    reports: list[UnitReport] = []
    run(job(tmp_path, checkpoint), on_report=reports.append)
    assert [each.answers for each in reports] == [{}]
    assert not (tmp_path / "output/_shardmill/drift").exists()


def test_the_answers_of_a_run_are_measured_and_bytes_stay_the_same(
    tmp_path: Path, checkpoint: Path
) -> None:
    for name in ("a", "b"):
        write_shard(tmp_path / f"shards/{name}.tar", pairs(5))
    plain = job(tmp_path, checkpoint)
    assert run(plain).outcome == "complete"
    before = {path.name: path.read_bytes() for path in (tmp_path / "output").glob("*.parquet")}
    shutil.rmtree(tmp_path / "output")
    reports: list[UnitReport] = []
    made = job(tmp_path, checkpoint, drift={})
    assert plan(made).work.fingerprint == plan(plain).work.fingerprint
    assert run(made, on_report=reports.append).outcome == "complete"
    after = {path.name: path.read_bytes() for path in (tmp_path / "output").glob("*.parquet")}
    assert after == before
    assert [each.answers["caption"].answers for each in reports] == [5, 5]
    record = read_record(
        Layout(str(tmp_path / "output")), STORAGE, status(made.output).last_run.run
    )  # type: ignore[union-attr]
    assert record.waiting["caption"].answers == 10  # too few for an observation


def test_a_run_stops_and_status_tells_why(
    planned: Plan, command_line: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    stopping = planned.work.job.model_copy(
        update={"drift": planned.work.job.drift.model_copy(update={"stop": True})}  # type: ignore[union-attr]
    )
    units = [alike(number) for number in range(FIRST)]
    with pytest.raises(
        AnswersDrifted, match=r"caption: 100.0% of the answers are empty up to 1-10"
    ):
        watched(plan(stopping), "1", [*units, EMPTY])
    root = planned.work.layout.root
    found = json.loads(command_line.done("status", root, "--json"))["changes"]
    assert {each["characteristic"] for each in found} == {"empty", "length"}
    shown = " ".join(command_line.done("status", root).split())
    assert "drift caption: 100.0% of the answers are empty" in shown


def test_a_job_without_tasks_has_no_answers(tmp_path: Path) -> None:
    with pytest.raises((JobError, ValueError), match="drift: is about answers"):
        job(tmp_path, model=None, tasks={}, filters=[{"kind": "image_size"}], drift={})
