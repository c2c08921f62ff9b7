"""A whole job with marked credentials: nothing that is written, printed or sent holds one."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from stores.conftest import use
from support.bucket_jobs import STORAGE, job_over, write_corpus
from support.object_servers import ObjectServer, environment_of

MARK = "q7Xv9LmZ2pRt"
SECRETS = {
    "AWS_ACCESS_KEY_ID": f"AKIA{MARK.upper()}0000"[:20],
    "AWS_SECRET_ACCESS_KEY": f"secret/{MARK}/of/a/user",
    "AWS_SESSION_TOKEN": f"token+{MARK}+of+a+session",
}


@pytest.fixture
def marked(moto: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a bucket with the corpus, which the marked credentials open."""
    use(moto, monkeypatch=monkeypatch)
    bucket = moto.new_bucket()
    write_corpus(f"{bucket}/corpus")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return bucket


def said(folder: Path, *arguments: str, code: int = 0, **variables: str) -> str:
    """Run the command line with all logs on; return what it prints."""
    process = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-m", "shardmill", *arguments],
        cwd=folder,
        env={**os.environ, "RUST_LOG": "trace", "RUST_BACKTRACE": "full", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == code, process.stderr
    return process.stdout + process.stderr


def check(text: str, secrets: Mapping[str, str]) -> None:
    assert [name for name, value in secrets.items() if value in text] == []
    assert MARK.lower() not in text.lower()


def test_no_credential_is_written_or_printed(
    moto: ObjectServer, marked: str, tmp_path: Path
) -> None:
    output = f"{marked}/output"
    job = job_over(f"{marked}/corpus", output, runner={"kind": "local", "workers": 2})
    (tmp_path / "job.json").write_text(job.model_dump_json(exclude_none=True))
    words = [
        ("plan", "job.json", "--json"),
        ("preview", "job.json", "--samples", "1", "--json"),
        ("run", "job.json", "--limit-shards", "2"),
        ("run", "job.json", "--json"),
        *((name, output, "--json") for name in ("status", "verify", "inspect", "finish")),
        ("look", output, "00 first.tar", "0"),
        ("retry", output, "--yes", "--json"),
    ]
    for arguments in words:
        printed = said(tmp_path, *arguments)
        assert printed
        check(printed, SECRETS)
    STORAGE.write_bytes(f"{marked}/corpus/tars/zz.tar", b"no tar")  # a failed unit, with its report
    check(said(tmp_path, "run", "job.json", "--extend", "--json", code=3), SECRETS)
    entries = list(STORAGE.list(output))
    assert any("/failed/" in entry.path for entry in entries)
    for entry in entries:
        check(entry.path + STORAGE.read_bytes(entry.path).decode("latin-1"), SECRETS)


def test_no_credential_is_printed_by_an_error(
    moto: ObjectServer, marked: str, tmp_path: Path
) -> None:
    job = job_over(f"{marked}/corpus", f"{marked}/output")
    text = job.model_dump(mode="json", exclude_none=True)
    closed = {"endpoint": "http://127.0.0.1:9", "retry_seconds": 0}
    (tmp_path / "job.json").write_text(json.dumps({**text, "storage": {"s3://": closed}}))
    check(said(tmp_path, "run", "job.json", code=1), SECRETS)
    check(said(tmp_path, "status", f"{marked}/none", code=2), SECRETS)
    check(said(tmp_path, "status", f"{marked}/output", AWS_ENDPOINT_URL="no URL", code=2), SECRETS)


def test_a_store_that_knows_no_such_key_is_told_without_it(
    seaweedfs: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(seaweedfs, monkeypatch=monkeypatch)
    bucket = seaweedfs.new_bucket()
    given = {**environment_of(seaweedfs), **SECRETS}
    printed = said(tmp_path, "status", f"{bucket}/output", code=2, **given)
    assert "access denied" in printed
    check(printed, SECRETS)
