"""`status --watch` follows runs by their signs of life, and ends with them."""

import io
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from support.command_line import CommandLine
from support.counting_storage import CountingStorage
from support.other_run import at_work
from support.sample_data import job, pairs, tar_bytes, write_shard
from support.small_s3 import BUCKET, SmallS3

from pipelines.config.job import Job
from pipelines.display.watched_status import show_watched, watched_line
from pipelines.operations.price import HourlyPrice
from pipelines.operations.run import run
from pipelines.operations.watch import SignsOfLife, watch
from pipelines.output import active_runs
from pipelines.output.heartbeat import HeartbeatRecord, RunWork
from pipelines.output.layout import Layout
from pipelines.storage.local import LocalStorage
from pipelines.storage.resolve import AnyStorage
from schemas.report import Counts, FilterCounts

STORAGE = LocalStorage()


@pytest.fixture
def shared(tmp_path: Path) -> Job:
    """A job of which two of four shards are committed."""
    for unit in range(4):
        write_shard(tmp_path / f"shards/{unit}.tar", pairs(5, unit))
    filters = [{"kind": "text_quality", "min_words": 2}]
    made = job(tmp_path, model=None, tasks={}, filters=filters)
    run(made, limit_units=2)
    return made


def renew(layout: Layout, work: RunWork, **changes: object) -> None:
    """Let the other run give its next sign of life."""
    path = layout.heartbeat("other")
    before = HeartbeatRecord.model_validate_json(STORAGE.read_bytes(path))
    after = before.model_copy(update={"work": work, "beats": before.beats + 1, **changes})
    STORAGE.write_bytes(path, after.model_dump_json().encode())


def work_of(layout: Layout, units: int) -> RunWork:
    """What the other run has done after so many further units."""
    before = HeartbeatRecord.model_validate_json(STORAGE.read_bytes(layout.heartbeat("other"))).work
    filters = (FilterCounts(name="text_quality", seen=5 * units, dropped=units),)
    counts = Counts(read=5 * units, kept=4 * units, dropped=units, filters=filters)
    return before.model_copy(
        update={"committed": 2 + units, "bytes": before.bytes + 1000 * units, "counts": counts}
    )


def test_a_watch_follows_signs_of_life_with_few_requests(shared: Job) -> None:
    layout = at_work(shared, "2")
    counting = CountingStorage(STORAGE)
    steps = iter(
        (
            lambda: renew(layout, work_of(layout, 1)),
            lambda: None,
            lambda: STORAGE.delete(layout.heartbeat("other")),
        )
    )
    calls: list[int] = []

    def sleep(seconds: float) -> None:
        calls.append(sum(counting.calls.values()))
        next(steps)()

    first, second, third, last = watch(shared.output, counting, seconds=15, sleep=sleep)
    assert (first.committed, second.committed, third.committed) == (2, 3, 3)
    assert second.counts.read == first.counts.read + 5
    assert second.counts.filters[0].seen == first.counts.filters[0].seen + 5
    assert second.bytes_left == first.bytes_left - 1000
    assert second.hours_left is not None
    assert [calls[1] - calls[0], calls[2] - calls[1]] == [2, 2]  # a listing, and a sign of life
    assert (last.at_work, last.committed) == ((), 2)  # what is counted, not what the run said


def test_a_silent_run_on_another_machine_is_dead_by_the_watchers_clock(shared: Job) -> None:
    layout = at_work(shared, "2")
    renew(layout, work_of(layout, 0), host="elsewhere", machine="elsewhere")
    now = 0.0
    signs = SignsOfLife(layout, STORAGE, lambda: now)
    assert [*signs.read()] == ["other"]
    now = 170.0
    renew(layout, work_of(layout, 0))
    assert [*signs.read()] == ["other"]
    now += 179.0
    assert [*signs.read()] == ["other"]
    now += 1.0  # six beats of 30 seconds
    assert [*signs.read()] == []


def test_a_terminal_is_redrawn(shared: Job) -> None:
    layout = at_work(shared, "2")
    console = Console(force_terminal=True, width=100, file=io.StringIO(), record=True)

    def sleep(seconds: float) -> None:
        STORAGE.delete(layout.heartbeat("other"))

    last = show_watched(watch(shared.output, STORAGE, sleep=sleep), console)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert last is not None
    assert last.at_work == ()
    assert "\x1b[1A" in shown  # the cursor goes up over the earlier table
    assert "at work" in shown


def test_a_finished_output_that_keeps_nothing_says_so(
    tmp_path: Path, command_line: CommandLine
) -> None:
    write_shard(tmp_path / "shards/0.tar", pairs(1))
    made = job(tmp_path, model=None, tasks={}, filters=[{"kind": "image_size", "min_side": 999}])
    run(made)
    shown = command_line.done("status", made.output, "--watch")
    assert "1 of 1 shard: 1 sample, 1 dropped; " in shown
    assert shown.endswith("no sample is kept\n")


def test_an_output_in_a_bucket_is_watched(
    small_s3: SmallS3, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(active_runs, "_LONGEST_WATCH", 0.5)
    small_s3.objects[BUCKET]["shards/0.tar"] = tar_bytes(pairs(3))
    given = {"shards": f"s3://{BUCKET}/shards/*.tar", "text": "txt"}
    filters = [{"kind": "image_size", "min_side": 4}]
    output = f"s3://{BUCKET}/out"
    made = Job.model_validate({"name": "a", "input": given, "output": output, "filters": filters})
    run(made)
    shown = command_line.done("status", output, "--watch")
    assert "1 of 1 shard: 3 samples, 3 kept; filters: image_size passed 3 of 3; complete" in shown
    small_s3.objects[BUCKET]["shards/1.tar"] = tar_bytes(pairs(2, 1))
    storage = AnyStorage()
    layout = Layout(output)
    record = HeartbeatRecord(
        host="elsewhere",
        machine="elsewhere",
        process=1,
        since=datetime.now(UTC),
        beat=datetime.now(UTC),
        run="other",
    )
    storage.write_bytes(layout.heartbeat("other"), record.model_dump_json().encode())
    first, last = watch(output, storage, sleep=lambda _: storage.delete(layout.heartbeat("other")))
    assert [run.run for run in first.at_work] == ["other"]
    assert (last.at_work, last.counts.read) == ((), 3)


def test_an_output_without_a_run_is_shown_once(shared: Job, command_line: CommandLine) -> None:
    shown = command_line.done("status", shared.output, "--watch")
    assert shown.count("\n") == 1
    assert "2 of 4 shards: 10 samples, 10 kept" in shown
    assert "filters: text_quality passed 10 of 10; no run is at work" in shown


def test_a_line_tells_rate_hours_and_price(shared: Job) -> None:
    at_work(shared, "2")
    state = next(iter(watch(shared.output, STORAGE)))
    state = state.model_copy(update={"hours_left": 3.0})
    line = watched_line(state, HourlyPrice.parse("2.50USD/h"))
    assert "5.0 samples/s by 1 run; 3.0 hours left; 7.50 USD left" in line


@pytest.mark.parametrize("option", ["--json", "--price=2"])
def test_mistakes_are_told(shared: Job, command_line: CommandLine, option: str) -> None:
    assert command_line.mistake("status", shared.output, "--watch", option)
    assert "add --watch" in command_line.mistake("status", shared.output, "--price", "2/h")


def test_ctrl_c_ends_it_cleanly(shared: Job) -> None:
    at_work(shared, "2")
    command = [sys.executable, "-m", "shardmill", "status", shared.output, "--watch"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert "2 of 4 shards" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert (process.returncode, said) == (0, "")
