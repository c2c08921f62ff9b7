"""Every command over job files, shards, models and outputs in each kind of object store."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from stores.conftest import use_wrong_keys
from support.bucket_jobs import STORAGE, job_over, rows_written, write_corpus
from support.command_line import CommandLine
from support.object_servers import ObjectServer
from support.sample_data import pairs, tar_bytes


def write_job(url: str, **keys: Any) -> str:
    """Write a job over the corpus below `url` into a job file, and return the file's URL."""
    job = job_over(f"{url}/corpus", f"{url}/output", **keys)
    STORAGE.write_bytes(f"{url}/job.yaml", job.model_dump_json(exclude_none=True).encode())
    return f"{url}/job.yaml"


def test_every_command_works_on_buckets(
    server: ObjectServer, checkpoint: Path, command_line: CommandLine, tmp_path: Path
) -> None:
    bucket = server.new_bucket()
    write_corpus(f"{bucket}/corpus")
    for file in checkpoint.iterdir():
        STORAGE.write_bytes(f"{bucket}/model/{file.name}", file.read_bytes())
    job, output = write_job(bucket, checkpoint=f"{bucket}/model/"), f"{bucket}/output"
    command_line.done("fetch", job)
    assert len(json.loads(command_line.done("plan", job, "--json"))["pending"]) == 7
    assert "image_size" in command_line.done("preview", job, "--samples", 2, "--sheet", "seen.png")
    assert list(STORAGE.list(output)) == []
    summary = json.loads(command_line.done("run", job, "--json", "--limit-shards", 2))
    assert summary["outcome"] == "partial"
    assert not json.loads(command_line.done("status", output, "--json"))["complete"]
    assert command_line("finish", output).code == 3
    command_line.done("run", job)
    assert json.loads(command_line.done("status", output, "--json"))["complete"]
    assert json.loads(command_line.done("verify", output, "--json"))["problems"] == []
    rows = json.loads(
        command_line.done("inspect", output, "-n", 100, "--json", "--sheet", "rows.png")
    )
    assert len(rows) == 25
    for sheet in ("seen.png", "rows.png"):
        assert Image.open(tmp_path / sheet).format == "PNG"
    assert "image_size" in command_line.done("look", output, "00 first.tar", 0)
    assert "image_size" in command_line.done("look", job, "ümläut+%20.tar", 1, "--image", "one.png")
    assert "min_side" in command_line.done("whatif", output, "--set", "filters.0.min_side=30")
    assert "source_text: string" in command_line.done("schema", job)
    STORAGE.delete(f"{output}/_SUCCESS")
    command_line.done("finish", output)
    assert STORAGE.entry(f"{output}/_SUCCESS") is not None
    command_line.done("retry", output, "--yes")


def test_a_damaged_shard_is_retried_when_it_is_replaced(
    bucket: str, command_line: CommandLine
) -> None:
    write_corpus(f"{bucket}/corpus")
    whole = tar_bytes(pairs(6, 9))
    STORAGE.write_bytes(f"{bucket}/corpus/tars/cut.tar", whole[: len(whole) // 2])
    job, output = write_job(bucket), f"{bucket}/output"
    assert command_line("run", job).code == 3
    assert "cut" in command_line.done("status", output)
    assert command_line("run", job).code == 3
    STORAGE.write_bytes(f"{bucket}/corpus/tars/cut.tar", whole)
    command_line.done("retry", output, "--yes")
    command_line.done("run", job)
    assert json.loads(command_line.done("verify", output, "--json"))["problems"] == []
    assert sum(name.startswith("tars/cut") for name in rows_written(output)) == 2


def test_a_shard_that_was_replaced_is_found_and_retried(
    bucket: str, command_line: CommandLine
) -> None:
    write_corpus(f"{bucket}/corpus")
    job, output = write_job(bucket), f"{bucket}/output"
    command_line.done("run", job)
    before = rows_written(output)
    STORAGE.write_bytes(f"{bucket}/corpus/tars/00 first.tar", tar_bytes(pairs(3, 11)))
    assert "changed" in command_line.done("plan", job)
    command_line.done("retry", output, "--changed", "--yes")
    command_line.done("run", job)
    after = rows_written(output)
    assert {name for name in after if after[name] != before[name]} == {"tars/00 first.parquet"}
    assert json.loads(command_line.done("verify", output, "--json"))["problems"] == []


def test_what_is_missing_in_a_bucket_is_the_users_mistake(
    bucket: str, command_line: CommandLine
) -> None:
    write_corpus(f"{bucket}/corpus")
    job = write_job(bucket)
    for shards in ("corpus/no-shard.tar", "corpus/no-folder/*.tar", "corpus/no-folder/"):
        said = command_line.mistake("run", job, "--set", f"input.shards={bucket}/{shards}")
        assert shards.rstrip("/") in said
    for command in ("status", "verify", "inspect", "finish", "retry"):
        assert f"{bucket}/nothing" in command_line.mistake(command, f"{bucket}/nothing")
    assert "no-job.yaml" in command_line.mistake("run", f"{bucket}/no-job.yaml")
    assert list(STORAGE.list(f"{bucket}/output")) == []


IN_BUCKET = [  # what a command line names, once each in a bucket that is missing or denied
    ("plan", "JOB", "--set", "input.shards=BUCKET/a/*.tar"),
    ("run", "JOB", "--set", "input.shards=BUCKET/a.tar"),
    ("run", "JOB", "--set", "input.shards=BUCKET/a/"),
    ("run", "JOB", "--output", "BUCKET/output"),
    ("run", "BUCKET/job.yaml"),
    ("status", "BUCKET/output"),
    ("verify", "BUCKET/output"),
    ("inspect", "BUCKET/output"),
    ("retry", "BUCKET/output"),
]


def test_a_missing_bucket_is_the_users_mistake(
    server: ObjectServer, command_line: CommandLine, tmp_path: Path
) -> None:
    write_corpus(f"{tmp_path}/corpus")
    check_mistakes(command_line, f"{server.scheme}://no-such-bucket", write_job(str(tmp_path)))


def check_mistakes(command_line: CommandLine, bucket: str, job: str, said: str = "") -> None:
    for command in IN_BUCKET:
        given = [each.replace("JOB", job).replace("BUCKET", bucket) for each in command]
        line = command_line.mistake(*given)
        assert bucket in line, command
        assert said in line, command


@pytest.mark.parametrize("kind", ["seaweedfs", "gcs", "azurite"])  # moto accepts every key
def test_wrong_credentials_are_the_users_mistake(
    kind: str,
    command_line: CommandLine,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server: ObjectServer = request.getfixturevalue(kind)
    use_wrong_keys(server, monkeypatch)
    bucket = "gs://denied-bucket" if kind == "gcs" else server.new_bucket()
    write_corpus(f"{tmp_path}/corpus")
    job = write_job(str(tmp_path))
    check_mistakes(command_line, bucket, job, "credentials")
