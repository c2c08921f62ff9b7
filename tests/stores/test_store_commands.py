"""Every command over job files, shards, models and outputs in each kind of object store."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image
from stores.conftest import use
from support.bucket_jobs import STORAGE, job_over, rows_written, write_corpus
from support.object_servers import ObjectServer
from support.sample_data import pairs, tar_bytes

from pipelines.cli.main import main


class Ended(NamedTuple):
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str


Call = Callable[..., Ended]


@pytest.fixture
def call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Call:
    """Run the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def call(*arguments: object, code: int = 0) -> Ended:
        monkeypatch.setattr(sys, "argv", ["shardmill", *(str(each) for each in arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        result = Ended(int(ended.value.code or 0), printed.out, printed.err)
        assert result.code == code, result.err
        assert "Traceback" not in result.err
        return result

    return call


def write_job(url: str, **keys: Any) -> str:
    """Write a job over the corpus below `url` into a job file, and return the file's URL."""
    job = job_over(f"{url}/corpus", f"{url}/output", **keys)
    STORAGE.write_bytes(f"{url}/job.yaml", job.model_dump_json(exclude_none=True).encode())
    return f"{url}/job.yaml"


def test_every_command_works_on_buckets(
    server: ObjectServer, checkpoint: Path, call: Call, tmp_path: Path
) -> None:
    bucket = server.new_bucket()
    write_corpus(f"{bucket}/corpus")
    for file in checkpoint.iterdir():
        STORAGE.write_bytes(f"{bucket}/model/{file.name}", file.read_bytes())
    job, output = write_job(bucket, checkpoint=f"{bucket}/model/"), f"{bucket}/output"
    call("fetch", job)
    assert len(json.loads(call("plan", job, "--json").out)["pending"]) == 7
    assert "image_size" in call("preview", job, "--samples", 2, "--sheet", "seen.png").out
    assert list(STORAGE.list(output)) == []
    summary = json.loads(call("run", job, "--json", "--limit-shards", 2).out)
    assert summary["outcome"] == "partial"
    assert not json.loads(call("status", output, "--json").out)["complete"]
    call("finish", output, code=3)
    call("run", job)
    assert json.loads(call("status", output, "--json").out)["complete"]
    assert json.loads(call("verify", output, "--json").out)["problems"] == []
    rows = json.loads(call("inspect", output, "-n", 100, "--json", "--sheet", "rows.png").out)
    assert len(rows) == 25
    for sheet in ("seen.png", "rows.png"):
        assert Image.open(tmp_path / sheet).format == "PNG"
    assert "image_size" in call("look", output, "00 first.tar", 0).out
    assert "image_size" in call("look", job, "ümläut+%20.tar", 1, "--image", "one.png").out
    assert "min_side" in call("whatif", output, "--set", "filters.0.min_side=30").out
    assert "source_text: string" in call("schema", job).out
    STORAGE.delete(f"{output}/_SUCCESS")
    call("finish", output)
    assert STORAGE.entry(f"{output}/_SUCCESS") is not None
    call("retry", output, "--yes")


def test_a_damaged_shard_is_retried_when_it_is_replaced(bucket: str, call: Call) -> None:
    write_corpus(f"{bucket}/corpus")
    whole = tar_bytes(pairs(6, 9))
    STORAGE.write_bytes(f"{bucket}/corpus/tars/cut.tar", whole[: len(whole) // 2])
    job, output = write_job(bucket), f"{bucket}/output"
    call("run", job, code=3)
    assert "cut" in call("status", output).out
    call("run", job, code=3)
    STORAGE.write_bytes(f"{bucket}/corpus/tars/cut.tar", whole)
    call("retry", output, "--yes", code=0)
    call("run", job)
    assert json.loads(call("verify", output, "--json").out)["problems"] == []
    assert sum(name.startswith("tars/cut") for name in rows_written(output)) == 2


def test_a_shard_that_was_replaced_is_found_and_retried(bucket: str, call: Call) -> None:
    write_corpus(f"{bucket}/corpus")
    job, output = write_job(bucket), f"{bucket}/output"
    call("run", job)
    before = rows_written(output)
    STORAGE.write_bytes(f"{bucket}/corpus/tars/00 first.tar", tar_bytes(pairs(3, 11)))
    assert "changed" in call("plan", job).out
    call("retry", output, "--changed", "--yes")
    call("run", job)
    after = rows_written(output)
    assert {name for name in after if after[name] != before[name]} == {"tars/00 first.parquet"}
    assert json.loads(call("verify", output, "--json").out)["problems"] == []


def mistake(call: Call, *arguments: str) -> str:
    """Run a command that a mistake ends, and return its one line."""
    lines = call(*arguments, code=2).err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("shardmill: ")
    return lines[0]


def test_what_is_missing_in_a_bucket_is_the_users_mistake(bucket: str, call: Call) -> None:
    write_corpus(f"{bucket}/corpus")
    job = write_job(bucket)
    for shards in ("corpus/no-shard.tar", "corpus/no-folder/*.tar", "corpus/no-folder/"):
        said = mistake(call, "run", job, "--set", f"input.shards={bucket}/{shards}")
        assert shards.rstrip("/") in said
    for command in ("status", "verify", "inspect", "finish", "retry"):
        assert f"{bucket}/nothing" in mistake(call, command, f"{bucket}/nothing")
    assert "no-job.yaml" in mistake(call, "run", f"{bucket}/no-job.yaml")
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
    server: ObjectServer, call: Call, tmp_path: Path
) -> None:
    write_corpus(f"{tmp_path}/corpus")
    check_mistakes(call, f"{server.scheme}://no-such-bucket", write_job(str(tmp_path)))


def check_mistakes(call: Call, bucket: str, job: str, said: str = "") -> None:
    for command in IN_BUCKET:
        given = [each.replace("JOB", job).replace("BUCKET", bucket) for each in command]
        line = mistake(call, *given)
        assert bucket in line, command
        assert said in line, command


@pytest.mark.parametrize("kind", ["seaweedfs", "gcs", "azurite"])  # moto accepts every key
def test_wrong_credentials_are_the_users_mistake(
    kind: str,
    call: Call,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server: ObjectServer = request.getfixturevalue(kind)
    use(server, monkeypatch=monkeypatch)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "d3Jvbmc=")
    bucket = "gs://denied-bucket" if kind == "gcs" else server.new_bucket()
    write_corpus(f"{tmp_path}/corpus")
    job = write_job(str(tmp_path))
    check_mistakes(call, bucket, job, "credentials")
