"""Whole jobs from and to object stores give the bytes that the same job gives on local folders."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from stores.conftest import use
from support.bucket_jobs import STORAGE, job_over, rows_written, write_corpus
from support.object_servers import ObjectServer

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.status import status
from pipelines.operations.verify import verify
from pipelines.planning.plan import plan

FILES = 7  # of rows: three tars, two of them in parts, three slices of Parquet, one folder
KEPT, DROPPED = 22, 3


@pytest.fixture(scope="module")
def local_corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("corpus"))
    write_corpus(folder)
    return folder


@pytest.fixture(scope="module")
def expected(local_corpus: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the job that reads and writes local folders."""
    output = str(tmp_path_factory.mktemp("expected") / "output")
    check_complete(job_over(local_corpus, output))
    return rows_written(output)


def check_complete(job: Job) -> None:
    summary = run(job)
    assert (summary.outcome, summary.counts.kept, summary.counts.dropped) == (  # type: ignore[union-attr]
        "complete",
        KEPT,
        DROPPED,
    )
    assert verify(job.output).problems == ()


def test_a_job_in_one_bucket_gives_the_local_bytes(bucket: str, expected: dict[str, bytes]) -> None:
    write_corpus(f"{bucket}/corpus")
    job = job_over(f"{bucket}/corpus", f"{bucket}/output")
    check_complete(job)
    assert rows_written(job.output) == expected
    assert plan(job).pending == ()
    again = run(job)
    assert (again.outcome, again.counts_here.read) == ("complete", 0)
    assert status(job.output).complete


def test_an_interrupted_job_continues(bucket: str, expected: dict[str, bytes]) -> None:
    write_corpus(f"{bucket}/corpus")
    job = job_over(f"{bucket}/corpus", f"{bucket}/output")
    assert run(job, limit_units=2).outcome == "partial"
    first = rows_written(job.output)
    assert set(first) < set(expected)
    versions = {entry.path: entry.version for entry in STORAGE.list(job.output)}
    check_complete(job)
    assert rows_written(job.output) == expected
    entries = [STORAGE.entry(f"{job.output}/{name}") for name in first]
    assert all(entry and entry.version == versions[entry.path] for entry in entries)


@pytest.mark.parametrize(
    "kinds",  # of the servers that are read and written; none: a local folder
    [("gcs", "moto"), ("moto", "azurite"), ("azurite", "gcs"), ("", "seaweedfs"), ("moto", "")],
    ids="-".join,
)
def test_a_job_reads_one_storage_and_writes_another(
    kinds: tuple[str, str],
    local_corpus: str,
    expected: dict[str, bytes],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    servers: list[ObjectServer] = [request.getfixturevalue(kind) for kind in kinds if kind]
    use(*servers, monkeypatch=monkeypatch)
    read, written = kinds
    corpus = local_corpus
    output = f"{request.getfixturevalue('tmp_path')}/output"
    if read:
        corpus = f"{servers[0].new_bucket()}/corpus"
        write_corpus(corpus)
    if written:
        output = f"{servers[-1].new_bucket()}/output"
    check_complete(job_over(corpus, output))
    assert rows_written(output) == expected


def started(job: Job, folder: Path, name: str) -> "subprocess.Popen[bytes]":
    path = folder / f"{name}.json"
    path.write_text(job.model_dump_json(exclude_none=True))
    command = [sys.executable, "-m", "shardmill", "run", str(path)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_two_runs_that_begin_at_once_share_an_output(
    server: ObjectServer, expected: dict[str, bytes], tmp_path: Path
) -> None:
    bucket = server.new_bucket()
    write_corpus(f"{bucket}/corpus")
    job = job_over(f"{bucket}/corpus", f"{bucket}/output")
    running = [started(job, tmp_path, str(number)) for number in range(2)]
    errors = [process.communicate()[1].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0], errors
    assert rows_written(job.output) == expected
    assert verify(job.output).problems == ()


def test_a_killed_run_continues(s3_bucket: str, expected: dict[str, bytes], tmp_path: Path) -> None:
    write_corpus(f"{s3_bucket}/corpus")
    job = job_over(f"{s3_bucket}/corpus", f"{s3_bucket}/output")
    process = started(job, tmp_path, "killed")
    while process.poll() is None and not rows_written(job.output):
        time.sleep(0.01)
    process.kill()
    process.communicate()
    check_complete(job)
    assert rows_written(job.output) == expected


def test_a_model_answers_the_same_over_s3(
    local_corpus: str, checkpoint: Path, s3_bucket: str, tmp_path: Path
) -> None:
    write_corpus(f"{s3_bucket}/corpus")
    check_complete(job_over(local_corpus, f"{tmp_path}/output", checkpoint))
    check_complete(job_over(f"{s3_bucket}/corpus", f"{s3_bucket}/output", checkpoint))
    assert rows_written(f"{s3_bucket}/output") == rows_written(f"{tmp_path}/output")


RUNNERS = {
    "local processes": {"kind": "local", "workers": 2},
    "ray": {"kind": "ray", "workers": 2},
    "beam": {"kind": "beam"},
}


@pytest.mark.parametrize("name", RUNNERS)
def test_each_runner_works_over_s3(
    name: str, s3_bucket: str, expected: dict[str, bytes], request: pytest.FixtureRequest
) -> None:
    if name == "ray":
        request.getfixturevalue("ray_session")
    write_corpus(f"{s3_bucket}/corpus")
    job = job_over(f"{s3_bucket}/corpus", f"{s3_bucket}/output", runner=RUNNERS[name])
    check_complete(job)
    assert rows_written(job.output) == expected
