"""`ray job submit` as in docs/runners.md: from the job file's folder to a cluster."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import yaml_job
from support.gate import STOP_SECONDS
from support.hanging_decoders import HANGS, hanging_python_path
from support.ray_head import Head, environment, head
from support.sample_data import jpeg, pairs, write_shard

from pipelines.operations.verify import verify

pytestmark = pytest.mark.faults
pytest.importorskip("ray", reason="ray is not installed: pip install '.[ray]'")
pytest.importorskip("aiohttp_cors", reason="no dashboard: pip install 'ray[default]'")
UNITS, SAMPLES, PART = 8, 100, 40


@pytest.fixture(scope="module")
def cluster() -> Iterator[Head]:
    patience = {"RAY_JOB_STOP_WAIT_TIME_S": str(2 * STOP_SECONDS)}  # Ray's default is 3
    with head("--num-cpus=2", variables=patience) as running:
        yield running


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write shards; the last image of the last shard hangs under `hanging_python_path`."""
    folder = tmp_path_factory.mktemp("corpus")
    for unit in range(UNITS):
        members = list(pairs(SAMPLES, unit))
        if unit == UNITS - 1:
            members += [("last.jpg", jpeg(HANGS, 24)), ("last.txt", b"the last image")]
        write_shard(folder / f"{unit:05}.tar", members)
    return folder


@pytest.fixture
def folder(corpus: Path, checkpoint: Path, tmp_path: Path) -> Path:
    """Make the folder that is submitted: it holds only job.yaml, and the output is outside it."""
    submitted = tmp_path / "submitted"
    submitted.mkdir()
    job_file = yaml_job.write(submitted / "job.yaml", corpus, checkpoint, part=PART)
    text = job_file.read_text(encoding="utf-8")
    text = text.replace(str(submitted / "output"), str(tmp_path / "output"))
    # A decoder that hangs is not given up before the job is stopped, however slow the machine is.
    text = text.replace("input: {", "input: {limits: {max_decode_seconds: 900}, ")
    runner = f"runner: {{kind: ray, workers: 2, stop_seconds: {STOP_SECONDS}}}\n"
    job_file.write_text(text + runner, encoding="utf-8")
    return submitted


def start(
    cluster: Head, folder: Path, name: str, *settings: str, path: str = ""
) -> "subprocess.Popen[str]":
    """Submit the job; its driver and workers get `path` as PYTHONPATH, unless it is empty."""
    words = ["ray", "job", "submit", "--address", cluster.dashboard, "--submission-id", name]
    if path:
        words += ["--runtime-env-json", json.dumps({"env_vars": {"PYTHONPATH": path}})]
    words += ["--working-dir", ".", "--", "shardmill", "run", "job.yaml", *settings]
    return subprocess.Popen(
        words,
        cwd=folder,
        env=environment(),
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
    subprocess.run(local, cwd=folder, env=environment(), check=True, capture_output=True)
    # This submission cannot end by itself, because an image hangs.
    first = start(cluster, folder, "first", path=hanging_python_path(environment()["PYTHONPATH"]))
    assert first.stdout is not None
    assert any(" a second and worker" in line for line in iter(first.stdout.readline, ""))
    stop = ["ray", "job", "stop", "--address", cluster.dashboard, "first"]
    subprocess.run(stop, env=environment(), check=True, capture_output=True)
    printed, _ = first.communicate()
    assert "run the same command to go on" in printed
    committed = parquet(output)
    assert committed.items() < parquet(expected).items()
    assert not list((output / "_shardmill/attempts").iterdir())
    assert not list((output / "_shardmill/heartbeats").iterdir())
    again = start(cluster, folder, "again")
    printed, _ = again.communicate()
    assert again.returncode == 0, printed
    assert "Job 'again' succeeded" in printed
    assert parquet(output) == parquet(expected)
    assert verify(str(output)).problems == ()


def test_an_output_that_ray_would_delete_is_refused(cluster: Head, folder: Path) -> None:
    refused = start(cluster, folder, "refused", "--output", "output")
    printed, _ = refused.communicate()
    assert refused.returncode == 1  # the code of `ray job submit`, not of the driver
    assert "failed with exit code 2" in printed
    assert "output: output would lie in Ray's own copy" in printed
