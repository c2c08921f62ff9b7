"""SIGTERM, as of a machine that is taken away: the run ends in seconds, and whole parts stay.

`test_kill.py` and `test_kill_processes.py` interrupt runs with a model.
"""

import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from support import shardmill_process
from support.gate import Gate
from support.http_server import QuietHandler, serving
from support.sample_data import pairs, write_shard
from support.shardmill_process import Command
from support.synchronized_run import require_processes

from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
UNITS, SAMPLES, PART = 4, 9, 3
QUALITY = {"kind": "text_quality", "min_words": 2}
FILES = UNITS * SAMPLES // PART
SECONDS = 900  # far more than a stopped run takes, on any machine


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("preemption")
    for unit in range(UNITS):
        write_shard(folder / f"{unit:05}.tar", pairs(SAMPLES, unit, side=8))
    return folder


def write_job(folder: Path, shards: Path, *filters: dict[str, Any], **changes: Any) -> Path:
    given = {"shards": f"{shards}/*.tar", "max_samples_per_file": PART}
    job = {"name": "test", "input": given, "filters": filters, "output": f"{folder}/output"}
    (folder / "job.json").write_text(json.dumps({**job, **changes}))
    return folder / "job.json"


def start(job: Path, workers: int, *settings: str) -> Command:
    settings = (f"runner.workers={workers}", *settings)
    return shardmill_process.start(job, job.parent / "output", *settings)


def parquet(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "output").glob("*.parquet")}


def wait_for(process: Command, is_reached: Any) -> None:
    end = time.monotonic() + SECONDS
    while not is_reached():
        assert process.returncode is None, process.wait()
        assert time.monotonic() < end, process.returncode
        time.sleep(0.005)


def stop(process: Command, signals: int = 1, gate: Gate | None = None) -> str:
    """Send SIGTERM, and open a gate; return what the process prints until it ends."""
    for _ in range(signals):
        process.send_signal(signal.SIGTERM)
    if gate:
        gate.open()
    assert process.ends_within(SECONDS), "the process does not end"
    printed = process.wait()
    assert process.returncode == 143, printed
    assert "Traceback" not in printed
    assert printed.count("interrupted: what is committed stays") == 1
    return printed


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("signals", [1, 20])
def test_a_run_without_a_model_ends_and_goes_on(
    workers: int, signals: int, shards: Path, tmp_path: Path
) -> None:
    """Schedulers signal twice, for example all processes and then the first one."""
    gate = Gate(tmp_path / "gate")
    gate.close()
    job = write_job(tmp_path, shards, QUALITY, gate.filter(passed=SAMPLES // PART))
    process = start(job, workers, f"runner.stop_seconds={SECONDS}")
    wait_for(process, lambda: parquet(tmp_path))
    stop(process, signals, gate)
    committed = parquet(tmp_path)
    assert 0 < len(committed) < FILES
    assert not list(tmp_path.rglob("*.tmp"))
    assert not list((tmp_path / "output/_shardmill/attempts").iterdir())
    again = start(job, 1)
    assert again.wait().count("Traceback") == again.returncode == 0
    done = parquet(tmp_path)
    assert (len(done), {name: done[name] for name in committed}) == (FILES, committed)
    assert verify(str(tmp_path / "output")).problems == ()


class Notices(QuietHandler):
    """The service of a machine, which announces its end when `is_near` is set."""

    is_near = threading.Event()

    def do_GET(self) -> None:
        content = b"TRUE" if self.is_near.is_set() else b"FALSE"
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.mark.parametrize("by", ["file", "url"])
def test_a_notice_ends_a_run(by: str, shards: Path, tmp_path: Path) -> None:
    """The run waits in its first shard until its machine announces the end."""
    gate, notice = tmp_path / "gate", tmp_path / "notice"
    require_processes(gate, 2)  # more than there are
    barrier = {"kind": "support.synchronized_run:BarrierFilter", "folder": str(gate)}
    job = write_job(tmp_path, shards, barrier)
    Notices.is_near.clear()
    with serving(Notices) as url:
        place = {"file": str(notice), "url": url}[by]
        process = start(job, 1, "runner.stop_seconds=2", f"runner.preemption.{by}={place}")
        wait_for(process, lambda: list(gate.iterdir()))
        notice.touch()
        Notices.is_near.set()
        assert process.ends_within(SECONDS), "the process does not end"
    printed = process.wait()
    assert process.returncode == 143, printed
    assert printed.count("interrupted: what is committed stays") == 1, printed
    assert printed.count("runner.preemption: this machine will be taken away") == 1, printed
    require_processes(gate, 1)
    again = start(job, 1)
    printed = again.wait()
    assert again.returncode == 0, printed
    assert len(parquet(tmp_path)) == FILES


@pytest.mark.parametrize("workers", [1, 2])
def test_a_step_that_hangs_does_not_keep_the_machine(
    workers: int, shards: Path, tmp_path: Path
) -> None:
    """Whole parts are committed already; the part that hangs is lost."""
    gate = tmp_path / "gate"
    require_processes(gate, workers + 1)  # more than there are: each waits for ever
    barrier = {"kind": "support.synchronized_run:BarrierFilter", "folder": str(gate)}
    job = write_job(tmp_path, shards, barrier)
    process = start(job, workers, "runner.stop_seconds=2")
    wait_for(process, lambda: len(list(gate.iterdir())) == workers)
    children = psutil.Process(process.pid).children(recursive=True)
    stop(process)
    assert psutil.wait_procs(children, timeout=SECONDS)[1] == []
    require_processes(gate, 1)
    again = start(job, workers)
    printed = again.wait()
    assert again.returncode == 0, printed
    assert len(parquet(tmp_path)) == FILES
