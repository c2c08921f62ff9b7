"""What a store says may quote credentials and signed URLs: no message or traceback repeats them."""

import logging
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.small_s3 import BUCKET, OTHER, SmallS3
from support.web_server import web_server

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.planning.resolve import resolve_with
from pipelines.reading.unreachable import unreachable
from pipelines.storage import object_client
from pipelines.storage.resolve import AnyStorage
from pipelines.storage.settings import StorageSettings
from schemas.errors import JobError

MARK = "q7Xv9LmZ2pRt"
URL = f"s3://{BUCKET}/a.tar"
JOB = {
    "name": "secrets",
    "input": {"shards": f"s3://{BUCKET}/shards/*.tar", "text": None},
    "filters": [{"kind": "image_size"}],
    "output": f"s3://{BUCKET}/out",
}
STORAGE = AnyStorage({"s3://": StorageSettings(retry_seconds=0)})


@pytest.fixture(autouse=True)
def _clients_of_each_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients hold the credentials with which they were made: no other test gets them."""
    monkeypatch.setattr(object_client, "_BUCKETS", {})


@pytest.fixture
def marked(small_s3: SmallS3, monkeypatch: pytest.MonkeyPatch) -> SmallS3:
    """A store that this process reaches with marked credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKIA{MARK}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", f"secret/{MARK}")
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"token/{MARK}")
    return small_s3


def told(work: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> Exception:
    """Return the error that work ends with; its traceback and all logs hold no secret."""
    with caplog.at_level(logging.DEBUG), pytest.raises(Exception) as raised:  # noqa: PT011
        work()
    said = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + caplog.text
    assert MARK not in said
    assert MARK.encode() not in pickle.dumps(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "InvalidToken"),
        (400, "ExpiredToken"),
        (400, "InvalidAccessKeyId"),
        (403, "SignatureDoesNotMatch"),
        (401, "Unauthorized"),
    ],
)
def test_refused_credentials_are_told_by_the_code_alone(
    marked: SmallS3, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = f"<Error><Code>{code}</Code><Message>no</Message><Token-0>{MARK}</Token-0></Error>"
    marked.failure = status, text.encode()
    assert isinstance(told(lambda: STORAGE.entry(URL), caplog), PermissionError)  # has no body
    for work in (
        lambda: STORAGE.read_bytes(URL),
        lambda: list(STORAGE.list(f"s3://{BUCKET}/a")),
        lambda: STORAGE.write_bytes(URL, b"a"),
        lambda: STORAGE.create(URL, b"a"),
        lambda: STORAGE.delete(URL),
    ):
        error = told(work, caplog)
        assert isinstance(error, PermissionError)
        assert f"access denied ({code}): check the credentials" in str(error)
    marked.failure = status, text.encode()
    error = told(lambda: run(Job.model_validate(JOB)), caplog)
    assert isinstance(error, JobError)
    assert code in str(error)


def test_a_wrong_clock_is_a_fault_of_the_machine(
    marked: SmallS3, caplog: pytest.LogCaptureFixture
) -> None:
    text = f"<Error><Code>RequestTimeTooSkewed</Code><Message>{MARK}</Message></Error>"
    marked.failure = 403, text.encode()
    for work in (
        lambda: STORAGE.read_bytes(URL),
        lambda: list(STORAGE.list(f"s3://{BUCKET}/a")),
        lambda: STORAGE.write_bytes(URL, b"a"),
        lambda: run(Job.model_validate(JOB)),
    ):
        error = told(work, caplog)
        assert isinstance(error, OSError)
        assert unreachable(error, 0) is None  # charges no shard
        assert "the clock of this machine is wrong (RequestTimeTooSkewed): set it" in str(error)


@pytest.mark.parametrize("status", [400, 418, 500, 501])
def test_what_else_a_store_says_is_not_repeated_but_for_its_code(
    marked: SmallS3, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    text = f"<Error><Code>Odd</Code><Message>{MARK}</Message><Token-0>{MARK}</Token-0></Error>"
    marked.failure = status, text.encode()
    error = told(lambda: STORAGE.read_bytes(URL), caplog)
    assert isinstance(error, OSError)
    assert f"{status}" in str(error)
    assert "Odd" in str(error)


def test_a_server_that_is_not_there_is_told(
    marked: SmallS3, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    error = told(lambda: STORAGE.read_bytes(URL), caplog)
    assert "the store does not answer" in str(error)


def test_a_proxy_that_is_not_there_is_told_without_its_password(
    marked: SmallS3, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example")
    monkeypatch.setenv("HTTP_PROXY", f"http://me:{MARK}@127.0.0.1:9")
    error = told(lambda: STORAGE.read_bytes(URL), caplog)
    assert "the store does not answer" in str(error)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ENDPOINT_URL", "no URL"),
        ("AWS_ENDPOINT_URL", "minio:9000"),
        ("AWS_ENDPOINT_URL_S3", "ftp://host"),
        ("AWS_ENDPOINT_URL", "http://"),
        ("AWS_ENDPOINT_URL", f"http://me:{MARK}@host"),
        ("AWS_REGION", "eu central"),
        ("AWS_DEFAULT_REGION", "eu/central"),
    ],
)
def test_a_variable_that_names_no_server_is_the_users_mistake(
    marked: SmallS3,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    error = told(lambda: STORAGE.read_bytes(URL), caplog)
    assert isinstance(error, JobError)
    assert str(error).startswith(f"{name}: ")


def test_what_workers_get_holds_no_secret(marked: SmallS3) -> None:
    from support.sample_data import pairs, tar_bytes

    marked.objects[BUCKET]["shards/0.tar"] = tar_bytes(pairs(1))
    settings = {"s3://": {"region": "eu-west-1"}, f"s3://{OTHER}": {"anonymous": True}}
    job = Job.model_validate({**JOB, "storage": settings})
    storage = job.open_storage()
    assert storage.entry(f"s3://{BUCKET}/shards/0.tar") is not None  # its client exists now
    work = resolve_with(job, None, carried_types={})
    for sent in (storage, job, work, STORAGE):
        assert MARK.encode() not in pickle.dumps(sent)
        assert MARK not in repr(sent)
    again: AnyStorage = pickle.loads(pickle.dumps(storage))  # noqa: S301 - of this test
    assert again.entry(f"s3://{BUCKET}/shards/0.tar") is not None
    assert MARK not in work.job.model_dump_json() + str(work.record)


SIGNED = f"/signed.tar?X-Amz-Signature={MARK}&X-Amz-Credential={MARK}"


@pytest.mark.parametrize("status", [302, 403, 404, 416, 500, 503])
def test_a_signed_url_to_which_a_web_server_redirects_is_not_repeated(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    storage = AnyStorage({"http://": StorageSettings(retry_seconds=0, connect_seconds=1)})
    with web_server({"/a.tar": b"content"}) as server:
        signed = server.url + SIGNED
        server.redirects["/a.tar"] = signed
        if status == 302:  # in a circle
            server.redirects[SIGNED] = signed
        server.statuses[SIGNED] = status
        for work in (
            lambda: storage.read_bytes(f"{server.url}/a.tar"),
            lambda: storage.open(f"{server.url}/a.tar").read(),
        ):
            told(work, caplog)


def test_a_signed_url_whose_server_is_gone_is_not_repeated(
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = AnyStorage({"http://": StorageSettings(retry_seconds=0, connect_seconds=1)})
    with web_server({}) as server:
        server.redirects["/a.tar"] = f"http://me:{MARK}@127.0.0.1:9{SIGNED}"
        told(lambda: storage.read_bytes(f"{server.url}/a.tar"), caplog)


@pytest.mark.parametrize(
    "url",
    [
        f"https://host/a.tar?X-Amz-Signature={MARK}",
        f"https://host/a.tar?x=1&X-Goog-Signature={MARK}",
        f"https://host/a.tar?sv=2024&sig={MARK}",
        f"https://host/a.tar?Expires=1&Signature={MARK}&Key-Pair-Id=K",
        f"https://host/a.tar?access_token={MARK}",
        f"https://me:{MARK}@host/a.tar",
        f"https://{MARK}@host/a.tar",
        f"s3://{MARK}@bucket/a.tar",
    ],
)
def test_a_url_that_holds_a_secret_is_refused_without_it(
    url: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    error = told(lambda: STORAGE.read_bytes(url), caplog)
    assert isinstance(error, JobError)
    assert "holds credentials" in str(error)
    local = {"output": f"{tmp_path}/out"}
    for place in ({"input": {"shards": url, "text": None}, **local}, {"output": url}):

        def plan(place: dict[str, Any] = place) -> None:
            from pipelines.planning.plan import plan

            plan(Job.parse(str({**JOB, **place}).replace("None", "null")))

        assert isinstance(told(plan, caplog), JobError)
