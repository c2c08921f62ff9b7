"""`ray job submit`, as docs/runners.md has it: from the folder of the job file, to a cluster."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import yaml_job
from support.hanging_decoders import HANGS, mischievous
from support.ray_head import Head, commands, head
from support.sample_data import jpeg, pairs, write_shard

from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
pytest.importorskip("aiohttp_cors", reason="no dashboard: pip install 'ray[default]'")
UNITS, SAMPLES, PART = 8, 100, 40


@pytest.fixture(scope="module")
def cluster() -> Iterator[Head]:
    patience = {"RAY_JOB_STOP_WAIT_TIME_S": "10"}  # 3 are Ray's default
    with head("--num-cpus=2", variables=patience) as running:
        yield running


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last picture of the last shard is one that can be made to hang."""
    folder = tmp_path_factory.mktemp("corpus")
    for unit in range(UNITS):
        members = list(pairs(SAMPLES, unit))
        if unit == UNITS - 1:
            members += [("last.jpg", jpeg(HANGS, 24)), ("last.txt", b"the last picture")]
        write_shard(folder / f"{unit:05}.tar", members)
    return folder


@pytest.fixture
def folder(corpus: Path, checkpoint: Path, tmp_path: Path) -> Path:
    """The folder that is submitted; it holds job.yaml alone, whose output lies beside it."""
    submitted = tmp_path / "submitted"
    submitted.mkdir()
    job_file = yaml_job.write(submitted / "job.yaml", corpus, checkpoint, part=PART)
    text = job_file.read_text(encoding="utf-8")
    text = text.replace(str(submitted / "output"), str(tmp_path / "output"))
    job_file.write_text(f"{text}runner: {{kind: ray, workers: 2}}\n", encoding="utf-8")
    return submitted


def start(
    cluster: Head, folder: Path, name: str, *settings: str, path: str = ""
) -> "subprocess.Popen[str]":
    """A submission; its driver and workers have `path` for PYTHONPATH, if one is given."""
    words = ["ray", "job", "submit", "--address", cluster.dashboard, "--submission-id", name]
    if path:
        words += ["--runtime-env-json", json.dumps({"env_vars": {"PYTHONPATH": path}})]
    words += ["--working-dir", ".", "--", "shardmill", "run", "job.yaml", *settings]
    return subprocess.Popen(
        words,
        cwd=folder,
        env=commands(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def parquet(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in output.glob("*.parquet")}


def test_a_job_is_submitted_stopped_and_submitted_again(
    cluster: Head, folder: Path, tmp_path: Path
) -> None:
    expected, output = tmp_path / "expected", tmp_path / "output"
    local = ["shardmill", "run", "job.yaml", "--output", str(expected), "--set=runner.kind=local"]
    subprocess.run(local, cwd=folder, env=commands(), check=True, capture_output=True)
    # While a picture hangs, this submission cannot end by itself.
    first = start(cluster, folder, "first", path=mischievous(commands()["PYTHONPATH"]))
    assert first.stdout is not None
    assert any(" samples/s, " in line for line in iter(first.stdout.readline, ""))
    stop = ["ray", "job", "stop", "--address", cluster.dashboard, "first"]
    subprocess.run(stop, env=commands(), check=True, capture_output=True)
    told, _ = first.communicate()
    assert "run the same command to go on" in told
    held = parquet(output)
    assert held.items() < parquet(expected).items()
    assert not list((output / "_shardmill/attempts").iterdir())
    assert not list((output / "_shardmill/heartbeats").iterdir())
    again = start(cluster, folder, "again")
    told, _ = again.communicate()
    assert again.returncode == 0, told
    assert "Job 'again' succeeded" in told
    assert parquet(output) == parquet(expected)
    assert verify(str(output)).problems == ()


def test_an_output_that_ray_would_delete_is_refused(cluster: Head, folder: Path) -> None:
    refused = start(cluster, folder, "refused", "--output", "output")
    told, _ = refused.communicate()
    assert refused.returncode == 1  # whatever the driver's own
    assert "failed with exit code 2" in told
    assert "output: output would lie in Ray's own copy" in told
