"""A run is warned of another active run, but not of a dead one or of itself."""

import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.concurrency.process_identity import machine, process
from pipelines.operations.run import run
from pipelines.output.active_runs import find_active_runs
from pipelines.output.heartbeat import Heartbeat, HeartbeatRecord
from pipelines.output.layout import Layout
from pipelines.storage.local import LocalStorage
from schemas.report import UnitReport
from shardmill import Job

STORAGE = LocalStorage()


def record(host: str, process: int, since: int = 0, beat: int = 0) -> HeartbeatRecord:
    """A record of a run that began `since` seconds ago, with its last beat `beat` seconds ago."""
    now = datetime.now(UTC)
    times = {"since": now - timedelta(seconds=since), "beat": now - timedelta(seconds=beat)}
    return HeartbeatRecord.model_validate({"host": host, "process": process, **times})


def of_this_machine(pid: int) -> str:
    """The content of the file of a run of this machine."""
    names = {"machine": machine(), "identity": process(pid) or f"{pid}-0"}
    return record(socket.gethostname(), pid).model_copy(update=names).model_dump_json()


def ended() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_on_this_machine_the_process_decides() -> None:
    here = socket.gethostname()
    assert record(here, os.getppid(), beat=1_000_000).is_alive_here() is True
    assert record(here, ended()).is_alive_here() is False
    assert record(here, os.getpid()).is_alive_here() is False


def test_of_another_machine_nothing_is_known() -> None:
    assert record("elsewhere", os.getppid()).is_alive_here() is None


def test_a_heartbeat_is_there_while_its_run_is(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    path = Path(layout.heartbeat("r"))
    with Heartbeat(str(path), STORAGE):
        written = HeartbeatRecord.model_validate_json(path.read_bytes())
        assert (written.host, written.process) == (socket.gethostname(), os.getpid())
    assert not path.exists()


def test_active_runs_come_oldest_first_and_damaged_records_are_skipped(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    for run_id, beat in {"b": record("b", 1), "a": record("a", 1, since=3600)}.items():
        STORAGE.write_bytes(layout.heartbeat(run_id), beat.model_dump_json().encode())
    STORAGE.write_bytes(layout.heartbeat("half"), b'{"host":')
    fresh = layout.run("own")
    STORAGE.write_bytes(fresh, b"")
    active = find_active_runs(layout, ["half", "b", "gone", "a"], STORAGE, written=fresh)
    assert [other.host for other in active] == ["a", "b"]


@pytest.fixture
def one_unit(tmp_path: Path, checkpoint: Path) -> Job:
    write_shard(tmp_path / "shards/0.tar", pairs(2))
    return job(tmp_path, checkpoint)


def test_a_second_run_is_warned_and_leaves_the_first_its_files(
    one_unit: Job, tmp_path: Path
) -> None:
    run(one_unit)
    output = tmp_path / "output"
    (output / "0.parquet").unlink()
    theirs = output / ".0.parquet.12ab.tmp"
    theirs.touch()
    path = Path(Layout(str(output)).heartbeat("r"))
    path.parent.mkdir(exist_ok=True)
    path.write_text(of_this_machine(os.getppid()))
    warnings: list[str] = []
    assert run(one_unit, on_warning=warnings.append).outcome == "complete"
    assert len(warnings) == 1
    assert "another run seems to be at work since" in warnings[0]
    assert theirs.exists()
    assert path.exists()

    (output / "0.parquet").unlink()
    path.write_text(of_this_machine(ended()))
    assert run(one_unit, on_warning=warnings.append).outcome == "complete"
    assert len(warnings) == 1
    assert not theirs.exists()
    assert not path.exists()


def test_runs_that_began_together_are_told_in_one_line(one_unit: Job, tmp_path: Path) -> None:
    run(one_unit)
    (tmp_path / "output/0.parquet").unlink()
    layout = Layout(str(tmp_path / "output"))
    for name in "rs":
        path = Path(layout.heartbeat(name))
        path.parent.mkdir(exist_ok=True)
        path.write_text(of_this_machine(os.getppid()))
        os.utime(path, (1e9, 1e9))
    warnings: list[str] = []
    run(one_unit, on_warning=warnings.append)
    assert [each.partition(" to be")[0] for each in warnings] == ["2 other runs seem"]


def test_two_runs_at_once_leave_the_output_of_one(one_unit: Job, tmp_path: Path) -> None:
    run(one_unit)
    output = tmp_path / "output"
    expected = (output / "0.parquet").read_bytes()
    shutil.rmtree(output)
    warnings: list[str] = []

    def begin_second(_: UnitReport) -> None:
        """Begin and end another run after the first has annotated, but before it ends."""
        (output / "0.parquet").unlink()
        (output / "_shardmill/attempts/0.1").unlink()  # its claim, for which the other would wait
        run(one_unit, on_warning=warnings.append)

    run(one_unit, on_report=begin_second)
    assert (output / "0.parquet").read_bytes() == expected
    assert (output / "_SUCCESS").exists()
