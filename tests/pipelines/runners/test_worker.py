"""A worker marks attempts, tells harmful units from its own faults, and quotes no data."""

import os
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.harmful_filters import HarmfulFilter
from support.sample_data import job, pairs, write_shard

from pipelines.annotation.worker_faults import worker_faults
from pipelines.operations.run import run
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import Plan, plan
from pipelines.runners.worker import Worker
from pipelines.storage.local import LocalStorage
from schemas.errors import JobError, ShardFault, WorkerFault
from schemas.report import Progress

SECRET = "555-0123"
STORAGE = LocalStorage()


def planned(folder: Path, checkpoint: Path | None, **texts: str) -> Plan:
    """Begin an output whose shards, one for each name, hold one sample each.

    Without a checkpoint, the job only filters.
    """
    for name, text in texts.items():
        members = [*pairs(1)][:1]
        write_shard(folder / "shards" / f"{name}.tar", [*members, ("000000.txt", text.encode())])
    keys: dict[str, Any] = {} if checkpoint else {"model": None, "tasks": {}}
    begun = plan(job(folder, checkpoint or "", filters=[HarmfulFilter()], **keys))
    begin_output(begun, STORAGE)
    return begun


def control_files(folder: Path, kind: str) -> list[str]:
    paths = (folder / "output" / "_shardmill" / kind).glob("*")
    return sorted(path.name for path in paths)


def ignore(_: Progress) -> None:
    """Ignore progress."""


def test_an_attempt_marker_lasts_until_the_report(tmp_path: Path, checkpoint: Path) -> None:
    begun = planned(tmp_path, checkpoint, a="a star", b="cut")
    (tmp_path / "shards" / "b.tar").write_bytes(b"cut")
    worker = Worker(begun.work, STORAGE, 1)
    calls = []

    def on_progress(progress: Progress) -> None:
        calls.append((progress.unit, progress.samples, control_files(tmp_path, "attempts")))

    report = worker.run(begun.units[0], UnitProgress(), 1, on_progress)
    assert (report.status, report.attempt, report.files) == ("committed", 2, ("a.parquet",))
    assert calls == [("a", 1, ["a.2"])]
    assert control_files(tmp_path, "attempts") == []

    of_any_version = replace(begun.units[1], version="")
    report = worker.run(of_any_version, UnitProgress(), 0, on_progress)
    assert (report.status, report.error) == ("failed", "shard_unreadable")
    assert control_files(tmp_path, "failed") == ["b.record"]
    assert control_files(tmp_path, "attempts") == []


def test_a_commit_deletes_the_failure_report(tmp_path: Path, checkpoint: Path) -> None:
    begun = planned(tmp_path, checkpoint, a="a star")
    path = Path(begun.units[0].path)
    whole, time = path.read_bytes(), path.stat().st_mtime_ns
    worker = Worker(begun.work, STORAGE, 1)
    path.unlink()
    assert worker.run(begun.units[0], UnitProgress(), 0, ignore).error == "shard_missing"
    assert control_files(tmp_path, "failed") == ["a.record"]
    path.write_bytes(whole)
    os.utime(path, ns=(time, time))
    assert worker.run(begun.units[0], UnitProgress(), 0, ignore).status == "committed"
    assert control_files(tmp_path, "failed") == []


def test_a_worker_fault_charges_no_unit_but_leaves_the_attempt_marker(
    tmp_path: Path, checkpoint: Path
) -> None:
    begun = planned(tmp_path, checkpoint, a=f"raise {SECRET}")
    with pytest.raises(WorkerFault, match="ValueError in judge") as caught:
        Worker(begun.work, STORAGE, 1).run(begun.units[0], UnitProgress(), 0, ignore)
    assert SECRET not in str(caught.value)
    assert control_files(tmp_path, "attempts") == ["a.1"]
    assert control_files(tmp_path, "failed") == []


def test_an_interrupted_attempt_does_not_count(tmp_path: Path, checkpoint: Path) -> None:
    begun = planned(tmp_path, checkpoint, a="interrupt")
    with pytest.raises(KeyboardInterrupt):
        Worker(begun.work, STORAGE, 1).run(begun.units[0], UnitProgress(), 0, ignore)
    assert control_files(tmp_path, "attempts") == []


@pytest.mark.faults  # starts many processes
def test_units_that_end_their_process_are_reported_while_others_commit(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a model, no process takes seconds to import torch; tests of faults have one."""
    texts = {"a": "kill", "b": "a star", "c": f"raise {SECRET}", "d": "a moon", "e": "exit"}
    begun = planned(tmp_path, None, **texts)
    for name in ("a", "c", "d", "e"):
        for attempt in (1, 2):
            STORAGE.write_bytes(begun.work.layout.attempt(name, attempt), b"")
    reports = {}
    summary = run(begun.work.job, on_report=lambda report: reports.update({report.unit: report}))
    assert {name: report.error for name, report in reports.items()} == {
        "a": "worker_died_of_signal_9",
        "b": "",
        "c": "worker_died_with_exit_code_1",
        "d": "",
        "e": "worker_died_with_exit_code_7",
    }
    assert reports["d"].attempt == 3
    assert next(iter(reports)) == "b"  # units with earlier attempts come last
    assert (summary.outcome, summary.failed) == ("failed", ("a", "c", "e"))
    assert control_files(tmp_path, "attempts") == []
    assert sorted(path.name for path in (tmp_path / "output").glob("*.parquet")) == [
        "b.parquet",
        "d.parquet",
    ]
    written = [path.read_bytes() for path in (tmp_path / "output").rglob("*") if path.is_file()]
    assert SECRET not in "".join(capfd.readouterr())
    assert SECRET.encode() not in b"".join(written)


def test_a_job_with_a_custom_filter_pickles(tmp_path: Path) -> None:
    made = job(tmp_path, filters=[HarmfulFilter()])
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301 - made above


def test_a_fault_names_type_and_place_but_no_message() -> None:
    with pytest.raises(WorkerFault) as caught, worker_faults():
        int(SECRET)
    assert str(caught.value).startswith("ValueError in test_a_fault_names_type")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            OSError(28, "No space left on device", "/data/a"),
            "OSError: /data/a No space left on device: free space there",
        ),
        (
            OSError(28, "No space left on device"),
            "OSError: No space left on device: free space in the output's folder and in the temp",
        ),
        (OSError(SECRET), "OSError:"),
        (PermissionError(13, "Permission denied"), "PermissionError: Permission denied"),
    ],
)
def test_a_system_error_names_the_file_and_the_systems_reason(error: OSError, message: str) -> None:
    with pytest.raises(WorkerFault) as caught, worker_faults():
        raise error
    assert str(caught.value).startswith(message)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("error", [JobError("a"), ShardFault("cut", 1), WorkerFault("sick")])
def test_own_errors_pass_unchanged(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, worker_faults():
        raise error
    assert caught.value is error
