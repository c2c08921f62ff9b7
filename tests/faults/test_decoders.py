"""An image that hangs or kills its decoder becomes an invalid row; the other rows are kept."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support import yaml_job
from support.hanging_decoders import HANGS, KILLS, hanging_python_path
from support.sample_data import jpeg, pairs, write_shard

pytestmark = pytest.mark.faults
ROOT = Path(__file__).parents[2]


def run(job_file: Path) -> int:
    command = [sys.executable, "-m", "shardmill", "run", str(job_file)]
    command += ["--set", "input.limits.max_decode_seconds=2"]
    environment = {**os.environ, "PYTHONPATH": hanging_python_path(ROOT)}
    return subprocess.run(command, env=environment, cwd=ROOT, timeout=250, check=False).returncode


def prepared(folder: Path, checkpoint: Path, width: int) -> Path:
    """Write a job over a good shard, and a bad shard whose second image has the given width."""
    members = list(pairs(4))
    write_shard(folder / "shards/good.tar", members)
    bad = [
        (name, jpeg(width, 24) if name == "000001.jpg" else content) for name, content in members
    ]
    write_shard(folder / "shards/bad.tar", bad)
    return yaml_job.write(folder / "job.yaml", folder / "shards", checkpoint)


def rows(folder: Path, name: str) -> list[dict[str, object]]:
    return list(pq.read_table(folder / f"output/{name}.parquet").to_pylist())


def check(folder: Path, reason: str) -> None:
    bad, good = rows(folder, "bad"), rows(folder, "good")
    assert [row["reason"] for row in bad] == [None, reason, None, None]
    assert bad[1]["status"] == "invalid"
    columns = ("status", "index", "key", "source_text", "sha256", "caption")
    for index in (0, 2, 3):  # the blocks differ, so log-probabilities may differ slightly
        assert [bad[index][name] for name in columns] == [good[index][name] for name in columns]


def test_a_hung_decoder_loses_its_sample_in_the_same_run(tmp_path: Path, checkpoint: Path) -> None:
    assert run(prepared(tmp_path, checkpoint, width=HANGS)) == 0
    check(tmp_path, "image_decoder_hung")


def test_a_crashed_decoder_loses_its_sample_at_the_third_attempt(
    tmp_path: Path, checkpoint: Path
) -> None:
    job_file = prepared(tmp_path, checkpoint, width=KILLS)
    assert [run(job_file) for _ in range(3)] == [-11, -11, 0]
    check(tmp_path, "image_decoder_died")
