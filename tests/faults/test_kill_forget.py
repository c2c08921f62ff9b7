"""`forget` is killed, interrupted, or has no room to write: given again, it finishes."""

import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.sample_data import job, pairs, write_shard
from support.shardmill_process import ROOT, Command
from support.small_disk import make_read_only, make_writable, small_disk, why_unavailable

from pipelines.concurrency.process_exit import INTERRUPTED, WORKER_FAULT
from pipelines.operations.run import run
from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
SHARDS, SAMPLES, KILLS, SEED = 40, 60, 8, 20261130
LISTED = ("000001", "000007", "000059")  # keys of each shard


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a job, and a list."""
    folder = tmp_path_factory.mktemp("forget")
    for shard in range(SHARDS):
        write_shard(folder / f"shards/{shard:02}.tar", pairs(SAMPLES, shard))
    run(job(folder, model=None, tasks={}, filters=[{"kind": "image_size", "min_side": 4}]))
    (folder / "list").write_text("\n".join(LISTED))
    return folder


def start(made: Path, output: Path) -> Command:
    words = ["shardmill", "forget", str(output), "--list", str(made / "list")]
    return Command(words, made, {**os.environ, "PYTHONPATH": str(ROOT)}, both=True)


def rows(output: Path) -> list[dict[str, Any]]:
    files = sorted(output.glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


def check_erased(output: Path) -> None:
    """Check that exactly the listed samples are erased, and that nothing is left over."""
    forgotten = [(row["shard"], row["index"]) for row in rows(output) if row["filter"] == "forget"]
    expected = [(f"{shard:02}.tar", int(key)) for shard in range(SHARDS) for key in LISTED]
    assert forgotten == expected
    assert verify(str(output)).problems == ()
    assert not list(output.rglob(".*.tmp"))
    content = b"".join(file.read_bytes() for file in output.glob("*.parquet"))
    assert not any(f'"{key}"'.encode() in content for key in LISTED)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_stopped_at_random_moments(number: signal.Signals, made: Path, tmp_path: Path) -> None:
    for name in ("cold", "warm"):  # the first one imports what later ones have
        shutil.copytree(made / "output", tmp_path / name)
        begun = time.monotonic()
        first = start(made, tmp_path / name)
        printed = first.wait()
        assert first.returncode == 0, printed
        seconds = time.monotonic() - begun
    check_erased(tmp_path / "warm")
    moments = random.Random(f"{SEED}/{number}")
    output, stopped = tmp_path / "stopped", 0
    shutil.copytree(made / "output", output)
    while stopped < KILLS:
        process = start(made, output)
        moment = moments.uniform(0, seconds)
        if process.ends_within(moment):
            seconds = moment  # it took less time than the measured one
        else:
            process.send_signal(number)
        process.wait()
        stopped += process.returncode in (-number, INTERRUPTED)
        assert len(rows(output)) == SHARDS * SAMPLES  # every file is whole
        if process.returncode == 0:
            shutil.rmtree(output)
            shutil.copytree(made / "output", output)
    last = start(made, output)
    printed = last.wait()
    assert last.returncode == 0, printed
    check_erased(output)


@pytest.mark.skipif(why_unavailable() is not None, reason=str(why_unavailable()))
def test_a_full_disk(made: Path, tmp_path: Path) -> None:
    size = sum(file.stat().st_size for file in (made / "output").rglob("*"))
    with small_disk(tmp_path / "disk", 2 * size + (1 << 20)) as disk:
        output = disk / "output"
        shutil.copytree(made / "output", output)
        filling = disk / "filling"
        for spare in (0, 1 << 14, 1 << 16):  # bytes that are free
            _fill(filling)
            os.truncate(filling, filling.stat().st_size - spare)
            process = start(made, output)
            printed = process.wait()
            if process.returncode:
                assert process.returncode == WORKER_FAULT
                assert "No space left on device: free space" in printed
                assert "Traceback" not in printed
            assert spare or process.returncode
            assert len(rows(output)) == SHARDS * SAMPLES
        filling.unlink()
        last = start(made, output)
        printed = last.wait()
        assert last.returncode == 0, printed
        check_erased(output)


@pytest.mark.skipif(why_unavailable() is not None, reason=str(why_unavailable()))
def test_a_read_only_output(made: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 1 << 26) as disk:
        output = disk / "output"
        shutil.copytree(made / "output", output)
        before = {file: file.read_bytes() for file in output.rglob("*") if file.is_file()}
        make_read_only(disk)
        process = start(made, output)
        printed = process.wait()
        assert process.returncode == WORKER_FAULT
        assert "Read-only file system" in printed
        assert "Traceback" not in printed
        assert {f: f.read_bytes() for f in output.rglob("*") if f.is_file()} == before
        make_writable(disk)
        last = start(made, output)
        printed = last.wait()
        assert last.returncode == 0, printed
        check_erased(output)


def _fill(path: Path) -> None:
    """Write to a file until its disk is full."""
    with suppress(OSError), path.open("wb", 0) as stream:
        while True:
            stream.write(bytes(1 << 12))
