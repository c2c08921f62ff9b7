"""An image that hangs or kills its decoder becomes an invalid row; the other rows are kept.

The job has no model: its processes would take seconds to import torch.
"""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.hanging_decoders import HANGS, KILLS, hanging_python_path
from support.sample_data import jpeg, pairs, write_shard

pytestmark = pytest.mark.faults
ROOT = Path(__file__).parents[2]
JOB = """\
name: test
input: {{shards: "{folder}/shards/*.tar", limits: {{max_decode_seconds: 2}}}}
filters: [{{kind: image_quality, min_contrast: 0}}]
output: {folder}/output
"""


def run(job_file: Path) -> int:
    command = [sys.executable, "-m", "shardmill", "run", str(job_file)]
    environment = {**os.environ, "PYTHONPATH": hanging_python_path(ROOT)}
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


def prepared(folder: Path, width: int) -> Path:
    """Write a job over a good shard, and a bad shard whose second image has the given width."""
    members = list(pairs(4))
    write_shard(folder / "shards/good.tar", members)
    bad = [
        (name, jpeg(width, 24) if name == "000001.jpg" else content) for name, content in members
    ]
    write_shard(folder / "shards/bad.tar", bad)
    job_file = folder / "job.yaml"
    job_file.write_text(JOB.format(folder=folder), encoding="utf-8")
    return job_file


def rows(folder: Path, name: str) -> list[dict[str, object]]:
    return list(pq.read_table(folder / f"output/{name}.parquet").to_pylist())


def check(folder: Path, reason: str) -> None:
    bad, good = rows(folder, "bad"), rows(folder, "good")
    assert [row["reason"] for row in bad] == [None, reason, None, None]
    assert bad[1]["status"] == "invalid"
    for index in (0, 2, 3):
        assert {**bad[index], "shard": "good.tar"} == good[index]


def test_a_hung_decoder_loses_its_sample_in_the_same_run(tmp_path: Path) -> None:
    assert run(prepared(tmp_path, width=HANGS)) == 0
    check(tmp_path, "image_decoder_hung")


def test_a_crashed_decoder_loses_its_sample_at_the_third_attempt(tmp_path: Path) -> None:
    job_file = prepared(tmp_path, width=KILLS)
    assert [run(job_file) for _ in range(3)] == [-11, -11, 0]
    check(tmp_path, "image_decoder_died")
