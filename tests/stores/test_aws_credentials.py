"""Credentials of AWS beyond keys in the environment: profiles, web identities, a machine's role.

Each gives the keys of a server of its own, and the S3 server tells with which keys a job asked it.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.certificates import tls_of_this_machine
from support.key_servers import metadata_service, token_service
from support.object_servers import FOREIGN, SERVERS
from support.sample_data import job, pairs, tar_bytes
from support.small_s3 import BUCKET, SmallS3, run_small_s3

from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.operations.verify import verify
from pipelines.storage import object_client, object_credentials
from pipelines.storage.resolve import AnyStorage
from pipelines.storage.settings import StorageSettings
from schemas.errors import JobError


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SmallS3]:
    """A server with three shards, in an environment and a home folder without credentials."""
    for name in list(os.environ):
        if name.startswith(FOREIGN) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(object_client, "_BUCKETS", {})
    with run_small_s3() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        for number in range(3):
            server.objects[BUCKET][f"shards/{number}.tar"] = tar_bytes(pairs(2, number))
        yield server


@pytest.fixture
def boto3(monkeypatch: pytest.MonkeyPatch) -> Any:
    """boto3, of the project's extra `aws`, or of the environment of the servers."""
    packages = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    monkeypatch.setattr(sys, "path", [*sys.path, str(SERVERS / packages)])
    return pytest.importorskip("boto3", reason="boto3 is not installed: pip install '.[aws]'")


def made(tmp_path: Path, **runner: Any) -> Job:
    return job(
        tmp_path,
        model=None,
        tasks={},
        input={"shards": f"s3://{BUCKET}/shards/*.tar", "text": "txt"},
        filters=[{"kind": "text_quality", "min_words": 1}],
        output=f"s3://{BUCKET}/out",
        runner={"kind": "local", **runner},
        storage={"s3://": {"retry_seconds": 0}},
    )


def check_job(tmp_path: Path, s3: SmallS3, key: str, token: str = "", **runner: Any) -> None:
    """Run a whole job; all its requests were signed with this key, and sent with this token."""
    given = made(tmp_path, **runner)
    assert run(given).outcome == "complete"
    assert verify(given.output, given.open_storage()).problems == ()
    assert s3.signed_by == {(key, token)}
    for name, content in s3.objects[BUCKET].items():
        assert b"secret-of-" not in content, name


def write_profiles(home: Path, **files: str) -> None:
    (home / ".aws").mkdir()
    for name, text in files.items():
        (home / ".aws" / name).write_text(text)


CREDENTIALS = """\
[default]
aws_access_key_id = DEFAULT
aws_secret_access_key = secret-of-default
[other]
aws_access_key_id = OTHER
aws_secret_access_key = secret-of-other
aws_session_token = token-of-other
"""


@pytest.mark.usefixtures("boto3")
@pytest.mark.parametrize(
    ("profile", "key", "token"),
    [(None, "DEFAULT", ""), ("other", "OTHER", "token-of-other")],
)
def test_a_profile_of_the_users_files(
    s3: SmallS3,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    profile: str | None,
    key: str,
    token: str,
) -> None:
    write_profiles(tmp_path, credentials=CREDENTIALS)
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    workers = 2 if profile else 1  # each process finds the credentials anew
    check_job(tmp_path, s3, key, token, workers=workers)


@pytest.mark.usefixtures("boto3")
def test_a_profile_in_a_file_elsewhere_with_a_command(
    s3: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"Version": 1, "AccessKeyId": "COMMAND", "SecretAccessKey": "secret-of-command"}
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    config = tmp_path / "config"
    config.write_text(f"[profile work]\ncredential_process = cat {tmp_path}/keys.json\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "work")
    check_job(tmp_path, s3, "COMMAND")


@pytest.mark.usefixtures("boto3")
def test_a_profile_that_is_not_there_is_the_users_mistake(
    s3: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_profiles(tmp_path, credentials=CREDENTIALS)
    monkeypatch.setenv("AWS_PROFILE", "missing")
    with pytest.raises(JobError, match=r"the profile missing of ~/\.aws gives no credentials"):
        run(made(tmp_path))
    assert s3.signed_by == set()


def test_profiles_without_boto3_are_told_what_to_install(
    s3: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_profiles(tmp_path, credentials=CREDENTIALS)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(JobError, match=r"pip install 'shardmill\[aws\]'"):
        run(made(tmp_path))


def test_keys_of_the_environment_go_before_profiles(
    s3: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_profiles(tmp_path, credentials=CREDENTIALS)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-environment")
    check_job(tmp_path, s3, "ENVIRONMENT")


def test_a_web_identity(s3: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Kubernetes gives it to a pod; the service that takes the token has TLS."""
    tls, trusted = tls_of_this_machine(tmp_path)
    token = tmp_path / "token"
    token.write_text("token-of-the-pod")
    with token_service(tls) as service:
        for name, value in {
            "SSL_CERT_FILE": str(trusted),
            "AWS_ENDPOINT_URL_STS": service.url,
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
            "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/annotation",
        }.items():
            monkeypatch.setenv(name, value)
        check_job(tmp_path, s3, "WEB-IDENTITY", "token-of-web-identity")
    assert "token-of-the-pod" in service.asked[0]
    assert "role%2Fannotation" in service.asked[0]


def test_a_web_identity_that_is_refused_is_the_users_mistake(
    s3: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls, trusted = tls_of_this_machine(tmp_path)
    (tmp_path / "token").write_text("token-of-the-pod")
    with token_service(tls, refuses=True) as service:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", service.url)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/annotation")
        with pytest.raises((JobError, PermissionError)) as error:
            run(made(tmp_path))
    assert "credentials" in str(error.value)
    assert "token-of-the-pod" not in str(error.value)


@pytest.mark.parametrize("kind", ["role", "container"])
def test_the_role_of_the_machine_or_container(
    s3: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    with metadata_service() as service:
        if kind == "role":
            monkeypatch.setenv("AWS_METADATA_ENDPOINT", service.url)
        else:
            monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.url}/container")
            token = tmp_path / "container-token"
            token.write_text("token-of-the-container")
            monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
        check_job(tmp_path, s3, "METADATA", "token-of-metadata")
    assert service.asked


def test_a_machine_without_credentials_is_told_at_once_what_was_looked_for(
    s3: SmallS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_credentials, "_PROBE_SECONDS", 0.1)
    with pytest.raises(JobError, match="no credentials: found none of AWS_ACCESS_KEY_ID") as error:
        run(made(tmp_path))
    for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", ".aws/credentials", "the machine's role"):
        assert name in str(error.value)
    assert s3.signed_by == set()
    anonymous = AnyStorage({"s3://": StorageSettings(anonymous=True)})
    assert len(list(anonymous.list(f"s3://{BUCKET}/shards"))) == 3
    assert s3.signed_by == {("", "")}
