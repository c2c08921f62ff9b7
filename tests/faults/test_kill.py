"""After its process is killed, a rerun writes the same bytes as an undisturbed run."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from support import yaml_job
from support.gate import STOP_SECONDS, Gate
from support.sample_data import pairs, write_shard
from support.shardmill_process import start

from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
UNITS, SAMPLES, KILLS, SEED = 10, 6, 10, 20261121


@pytest.fixture(scope="module")
def job_file(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path, gate: Gate) -> Path:
    """Write ten units; every second unit has two parts, and the first unit passes a closed gate."""
    folder = tmp_path_factory.mktemp("faults")
    for unit in range(UNITS):
        write_shard(folder / f"shards/{unit:05}.tar", pairs(SAMPLES - unit % 2 * 3, unit))
    return yaml_job.write(
        folder / "job.yaml", folder / "shards", checkpoint, 4, gate.filter(passed=2)
    )


def finish(job_file: Path, output: Path) -> float:
    """Run to the end; return the seconds."""
    begun = time.monotonic()
    process = start(job_file, output)
    errors = process.wait()
    assert process.returncode == 0, errors
    return time.monotonic() - begun


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


@pytest.fixture(scope="module")
def undisturbed(job_file: Path) -> tuple[dict[str, bytes], float]:
    output = job_file.parent / "undisturbed"
    finish(job_file, output)
    seconds = finish(job_file, job_file.parent / "warm")
    return parquet(output), seconds


@pytest.mark.parametrize("kill", range(KILLS))
def test_kill_9_at_a_random_moment(
    kill: int, job_file: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    expected, seconds = undisturbed
    moment = random.Random(f"{SEED}/{kill}").uniform(0, seconds)
    process = start(job_file, tmp_path)
    if not process.ends_within(moment):
        process.send_signal(signal.SIGKILL)
    process.wait()
    committed = parquet(tmp_path)
    assert committed == {name: expected[name] for name in committed}
    finish(job_file, tmp_path)
    assert parquet(tmp_path) == expected
    assert (tmp_path / "_SUCCESS").exists()
    assert not list(tmp_path.rglob("*.tmp"))
    assert verify(str(tmp_path)).problems == ()


def test_killed_again_and_again(
    job_file: Path, undisturbed: tuple[dict[str, bytes], float], tmp_path: Path
) -> None:
    """One kill for each committed file brings units to their third attempt, which is isolated."""
    expected, _ = undisturbed
    for _ in range(4):
        before = len(parquet(tmp_path))
        process = start(job_file, tmp_path)
        while process.returncode is None and len(parquet(tmp_path)) == before:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
        process.wait()
    finish(job_file, tmp_path)
    assert parquet(tmp_path) == expected
    assert verify(str(tmp_path)).problems == ()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_leaves_no_temporary_file_and_says_how_to_continue(
    number: signal.Signals,
    code: int,
    *,
    gate: Gate,
    job_file: Path,
    undisturbed: tuple[dict[str, bytes], float],
    tmp_path: Path,
) -> None:
    expected, _ = undisturbed
    gate.close()
    process = start(job_file, tmp_path, f"runner.stop_seconds={STOP_SECONDS}")
    while not parquet(tmp_path):  # until the first file is committed
        assert process.returncode is None
        os.sched_yield()
    process.send_signal(number)
    gate.open()
    errors = process.wait()
    assert process.returncode == code
    assert "run the same command to go on" in errors
    assert "Traceback" not in errors
    assert not list(tmp_path.rglob("*.tmp"))
    assert not list((tmp_path / "_shardmill" / "attempts").iterdir())
    finish(job_file, tmp_path)
    assert parquet(tmp_path) == expected
