"""Hundreds of runs at work: `status` stays readable, and reads their signs of life at once."""

import io
import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from support.command_line import CommandLine
from support.sample_data import job, pairs, write_shard

from pipelines.concurrency.process_identity import machine, process
from pipelines.config.job import Job
from pipelines.display.watched_status import show_watched
from pipelines.operations.run import run
from pipelines.operations.status import OutputStatus, status
from pipelines.output.heartbeat import HeartbeatRecord, RunWork
from pipelines.output.layout import Layout
from pipelines.storage.local import LocalStorage

STORAGE = LocalStorage()
RUNS = 200


@pytest.fixture
def shared(tmp_path: Path) -> Job:
    """A job with 200 runs at work, all by the process that started the tests."""
    write_shard(tmp_path / "shards/0.tar", pairs(5))
    write_shard(tmp_path / "shards/1.tar", pairs(5, 1))
    filters = [{"kind": "text_quality", "min_words": 2}]
    made = job(tmp_path, model=None, tasks={}, filters=filters)
    run(made, limit_units=1)
    began = datetime(2026, 1, 2, 3, tzinfo=UTC)
    for number in range(RUNS):
        record = HeartbeatRecord(
            run=f"run-{number:03}",
            host=f"node{number:03}.cluster.example.org",
            process=os.getppid(),
            since=began + timedelta(seconds=number),
            beat=began,
            machine=machine(),
            identity=process(os.getppid()),
            work=RunWork(units=("1",), committed=1, samples=100, bytes=1024, seconds=10.0),
        )
        path = Layout(made.output).heartbeat(record.run)
        STORAGE.write_bytes(path, record.model_dump_json().encode())
    return made


def lines_of(shown: str, width: int) -> list[str]:
    lines = shown.splitlines()
    assert max(map(len, lines)) <= width
    return lines


def test_the_first_runs_are_shown_and_the_others_counted(
    shared: Job, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = lines_of(command_line.done("status", shared.output), 80)
    assert len(lines) < 45
    shown = " ".join(" ".join(lines).split())
    assert shown.count("at work") == 10
    first = "run-000 on node000.cluster.example.org, since 2026-01-02 03:00 UTC: 10.0 samples a "
    assert f"at work {first}second; works on 1 at work run-001" in shown
    assert "and 190 more runs: --json lists all" in shown
    assert "2,000.0 samples a second by 200 runs" in shown
    told = OutputStatus.model_validate_json(command_line.done("status", shared.output, "--json"))
    assert len(told.at_work) == RUNS


def test_a_watched_table_fits_the_terminal(shared: Job) -> None:
    console = Console(force_terminal=True, width=80, height=24, file=io.StringIO())
    states: Iterator[OutputStatus] = iter([status(shared.output)])
    show_watched(states, console)
    drawn = console.file.getvalue()  # type: ignore[attr-defined]
    shown = drawn.rpartition("\x1b[1A")[2]  # what is drawn after the cursor went up
    assert 16 < shown.count("\n") < 24
    assert shown.count("at work") > 1
    assert "more runs: --json lists all" in shown


def test_a_run_tells_of_all_others_in_a_line(shared: Job) -> None:
    warnings: list[str] = []
    run(shared, on_warning=warnings.append)
    hosts = ", ".join(f"node{number:03}.cluster.example.org" for number in range(3))
    assert warnings == [
        "200 other runs seem to be at work since 2026-01-02 03:00 UTC, on "
        f"{hosts} and 197 more: the runs share the shards"
    ]


class SignsReadTogether(LocalStorage):
    """A folder that answers reads of signs of life as soon as several of them wait."""

    def __init__(self) -> None:
        self._several = threading.Barrier(4, timeout=120)

    def read_bytes(self, path: str) -> bytes:
        if "/heartbeats/" in path:
            self._several.wait()
        return super().read_bytes(path)


def test_signs_of_life_are_read_several_at_once(shared: Job) -> None:
    assert len(status(shared.output, SignsReadTogether()).at_work) == RUNS


def test_a_machine_is_named_once(shared: Job) -> None:
    for path in Path(Layout(shared.output).heartbeats).iterdir():
        record = HeartbeatRecord.model_validate_json(path.read_bytes())
        same = record.model_copy(update={"host": socket.gethostname()})
        path.write_text(same.model_dump_json())
    warnings: list[str] = []
    run(shared, on_warning=warnings.append)
    assert f"UTC, on {socket.gethostname()}: the runs share" in warnings[0]
