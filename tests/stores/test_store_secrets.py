"""A whole job with marked credentials: nothing that is written, printed or logged holds one."""

import logging
from pathlib import Path
from typing import Any

import pytest
from stores.conftest import use, use_wrong_keys
from support.bucket_jobs import STORAGE, job_over, write_corpus
from support.command_line import CommandLine
from support.object_servers import ObjectServer

from pipelines.storage import object_client

MARK = "q7Xv9LmZ2pRt"
SECRETS = {
    "AWS_ACCESS_KEY_ID": f"AKIA{MARK}",
    "AWS_SECRET_ACCESS_KEY": f"secret/{MARK}/of/a/user",
    "AWS_SESSION_TOKEN": f"token+{MARK}+of+a+session",
}


@pytest.fixture(autouse=True)
def _all_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def bucket(moto: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket with the corpus, which marked credentials reach."""
    use(moto, monkeypatch=monkeypatch)
    use_marked_keys(monkeypatch)
    bucket = moto.new_bucket()
    write_corpus(f"{bucket}/corpus")
    return bucket


def use_marked_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


def write_job(bucket: str, **keys: Any) -> str:
    """Write a job over the corpus of a bucket into the bucket; return its place."""
    made = job_over(f"{bucket}/corpus", f"{bucket}/output", **keys)
    STORAGE.write_bytes(f"{bucket}/job.json", made.model_dump_json(exclude_none=True).encode())
    return f"{bucket}/job.json"


def test_no_credential_is_written_or_printed(
    bucket: str, command_line: CommandLine, caplog: pytest.LogCaptureFixture
) -> None:
    tars = {"shards": f"{bucket}/corpus/tars/*.tar", "text": "txt"}
    job = write_job(bucket, runner={"kind": "local", "workers": 2}, input=tars)
    output = f"{bucket}/output"
    STORAGE.write_bytes(f"{bucket}/corpus/tars/zz.tar", b"no tar")  # a failed unit: its report
    commands = [
        ("plan", job, "--json"),
        ("preview", job, "--samples", 1, "--json"),
        ("run", job, "--limit-shards", 2, "--set", "runner.workers=1"),
        ("run", job, "--json", "--log-format", "json", "--metrics-file", "run.prom"),
        *((name, output, "--json") for name in ("status", "verify", "inspect", "finish")),
        ("status", output),
        ("look", output, "00 first.tar", 0),
        ("whatif", output, "--set", "filters.0.min_side=30"),
        ("retry", output, "--yes", "--json", "--with", "invalid"),
    ]
    for arguments in commands:
        ended = command_line(*arguments)
        assert ended.code in (0, 3), ended.err
        assert MARK not in ended.out + ended.err
    assert MARK not in Path("run.prom").read_text()
    entries = list(STORAGE.list(output))
    folders = {entry.path.split("/")[5] for entry in entries if "/_shardmill/" in entry.path}
    assert {"counts", "failed", "job.record", "runs"} <= folders
    for entry in entries:
        assert MARK not in entry.path
        assert MARK.encode() not in STORAGE.read_bytes(entry.path)
    assert MARK not in caplog.text


@pytest.mark.parametrize("kind", ["seaweedfs", "azurite"])
def test_a_refused_key_is_told_without_it(
    kind: str,
    command_line: CommandLine,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server: ObjectServer = request.getfixturevalue(kind)
    use_wrong_keys(server, monkeypatch)
    monkeypatch.setattr(object_client, "_BUCKETS", {})
    use_marked_keys(monkeypatch)
    line = command_line.mistake("status", f"{server.new_bucket()}/output")
    assert "access denied" in line
    assert MARK not in line + caplog.text


def test_a_store_that_is_gone_is_told_without_keys(
    bucket: str, command_line: CommandLine, caplog: pytest.LogCaptureFixture
) -> None:
    closed = {"s3://": {"endpoint": "http://127.0.0.1:9", "retry_seconds": 0}}
    code, out, err = command_line("run", write_job(bucket, storage=closed))
    assert code == 1
    assert "the store does not answer" in err
    assert MARK not in out + err + caplog.text
