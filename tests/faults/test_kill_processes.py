"""Worker processes of the local runner are killed, alone or with their parent."""

import signal
import time
from pathlib import Path

import psutil
import pytest
from support import shardmill_process, yaml_job
from support.gate import STOP_SECONDS, Gate
from support.sample_data import pairs, write_shard
from support.shardmill_process import Command

from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
UNITS = 10


@pytest.fixture(scope="module")
def job_file(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path, gate: Gate) -> Path:
    """Write ten units of two parts; one unit of each worker passes a closed gate."""
    folder = tmp_path_factory.mktemp("processes")
    for unit in range(UNITS):
        write_shard(folder / f"shards/{unit:05}.tar", pairs(9, unit))
    return yaml_job.write(
        folder / "job.yaml", folder / "shards", checkpoint, 5, gate.filter(passed=2)
    )


def start(job_file: Path, output: Path, workers: int = 2) -> Command:
    settings = (f"runner.workers={workers}", f"runner.stop_seconds={STOP_SECONDS}")
    return shardmill_process.start(job_file, output, *settings, options=["--log-format", "json"])


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


@pytest.fixture(scope="module")
def undisturbed(job_file: Path) -> dict[str, bytes]:
    process = start(job_file, job_file.parent / "undisturbed", workers=1)
    errors = process.wait()
    assert process.returncode == 0, errors
    return parquet(job_file.parent / "undisturbed")


def workers_of(process: Command) -> list[psutil.Process]:
    """Return the worker processes; multiprocessing's own helper has another command line."""
    children = psutil.Process(process.pid).children()
    return [child for child in children if "spawn_main" in command_line(child)]


def command_line(process: psutil.Process) -> str:
    """Return the command line, or an empty text for a process that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def wait_for_report(process: Command) -> None:
    """Wait until the command line reports one more committed unit."""
    assert any('"event": "unit_committed"' in line for line in iter(process.printed.readline, ""))


def test_killed_workers_are_replaced(
    gate: Gate, job_file: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    gate.close()
    process = start(job_file, tmp_path)
    killed = set()
    for _ in range(3):
        wait_for_report(process)
        while not (workers := workers_of(process)):
            time.sleep(0.01)  # until a killed worker is replaced
        workers[0].kill()
        workers[0].wait()  # else it could be chosen again
        killed.add(workers[0].pid)
    gate.open()
    errors = process.wait()
    assert process.returncode == 0, errors
    assert len(killed) == 3
    assert parquet(tmp_path) == undisturbed
    assert verify(str(tmp_path)).problems == ()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_workers_end_with_their_parent(
    number: signal.Signals,
    code: int,
    *,
    gate: Gate,
    job_file: Path,
    undisturbed: dict[str, bytes],
    tmp_path: Path,
) -> None:
    gate.close()
    process = start(job_file, tmp_path)
    wait_for_report(process)
    while len(workers := workers_of(process)) < 2:
        time.sleep(0.01)  # until both are started
    process.send_signal(number)
    gate.open()
    errors = process.wait()
    assert process.returncode == code
    assert "Traceback" not in errors
    psutil.wait_procs(workers)  # until both have ended
    if number != signal.SIGKILL:
        assert not list((tmp_path / "_shardmill/attempts").iterdir())
        assert not list(tmp_path.rglob("*.tmp"))
    committed = parquet(tmp_path)
    assert committed == {name: undisturbed[name] for name in committed}
    again = start(job_file, tmp_path, workers=1)
    errors = again.wait()
    assert again.returncode == 0, errors
    assert parquet(tmp_path) == undisturbed
    assert not list((tmp_path / "_shardmill/heartbeats").iterdir())
    assert verify(str(tmp_path)).problems == ()
