"""Finds out where the credentials for a bucket come from, before the first request.

Secrets stay in the environment, in files and in the client; what is returned here is never stored,
printed or pickled. Without this look, a machine without credentials would ask an address of clouds
for them, which takes minutes where nobody answers.
"""

import configparser
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipelines.storage.settings import StorageSettings
from schemas.errors import JobError

_PROBE_SECONDS = 1.0
_METADATA = "http://169.254.169.254"  # of the machines of all three clouds


def credentials(bucket: str, settings: StorageSettings) -> Mapping[str, Any]:
    """Return arguments for the client of a bucket; raise JobError if there are no credentials."""
    kind = bucket.partition("://")[0]
    if kind not in _FINDERS or settings.anonymous:
        return {"skip_signature": True} if kind in _FINDERS else {}
    return _FINDERS[kind]()


def _s3() -> Mapping[str, Any]:
    if _is_true("AWS_SKIP_SIGNATURE") or _all("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        return {}
    if _all("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"):
        return {}
    if _any("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        return {}
    files = [
        Path(os.environ.get(name) or Path.home() / ".aws" / file).expanduser()
        for name, file in (
            ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            ("AWS_CONFIG_FILE", "config"),
        )
    ]
    if _any("AWS_PROFILE") or any(_has_credentials(file) for file in files):
        return _profile()
    if not _is_true("AWS_EC2_METADATA_DISABLED") and _answers("AWS_METADATA_ENDPOINT"):
        return {}
    raise _nothing_found(
        "s3",
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_WEB_IDENTITY_TOKEN_FILE, "
        f"AWS_CONTAINER_CREDENTIALS_*, profiles in {files[0]} and the machine's role",
    )


def _profile() -> Mapping[str, Any]:
    """Return a provider of the credentials of a profile of ~/.aws, AWS_PROFILE or the default."""
    try:
        import boto3  # type: ignore[import-not-found]  # of the extra aws
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError:
        raise JobError(
            "s3: the profiles of ~/.aws need boto3: pip install 'shardmill[aws]', or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from None
    try:
        return {"credential_provider": Boto3CredentialProvider(boto3.Session())}
    except Exception as error:  # noqa: BLE001 - botocore's; its message may quote the file
        profile = os.environ.get("AWS_PROFILE", "default")
        raise JobError(
            f"s3: the profile {profile} of ~/.aws gives no credentials ({type(error).__name__}): "
            "correct it, or set AWS_PROFILE"
        ) from None


def _has_credentials(file: Path) -> bool:
    """Return whether a file of ~/.aws has a profile with credentials, not only a region."""
    given = ("aws_access_key_id", "role_arn", "sso_", "credential_process", "login_session")
    profiles = configparser.RawConfigParser(strict=False)
    try:
        profiles.read_string(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    except (OSError, ValueError, configparser.Error):
        return True  # boto3 says what is wrong
    names = {name for section in profiles.sections() for name in profiles.options(section)}
    return any(name.startswith(given) for name in names)


def _gs() -> Mapping[str, Any]:
    default = Path.home() / ".config" / "gcloud" / "application_default_credentials.json"
    names = ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT")
    if _is_true("GOOGLE_SKIP_SIGNATURE"):
        return {"skip_signature": True}
    if _any(*names, "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY"):
        return {}
    if default.is_file() or _answers("GCE_METADATA_HOST"):
        return {}
    raise _nothing_found("gs", f"{' and '.join(names)}, {default} and the machine's account")


def _az() -> Mapping[str, Any]:
    if _is_true("AZURE_STORAGE_USE_EMULATOR") or _is_true("AZURE_USE_EMULATOR"):
        return {}
    if not _any("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ENDPOINT"):
        raise JobError("az: no account is named: set AZURE_STORAGE_ACCOUNT_NAME")
    if _is_true("AZURE_SKIP_SIGNATURE") or _is_true("AZURE_USE_AZURE_CLI"):
        return {}
    keys = ("ACCOUNT_KEY", "ACCESS_KEY", "SAS_KEY", "SAS_TOKEN", "TOKEN", "CLIENT_SECRET")
    if _any(*(f"AZURE_STORAGE_{key}" for key in keys), *(f"AZURE_{key}" for key in keys)):
        return {}
    identities = ("AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT", "MSI_ENDPOINT")
    if _any(*identities, "AZURE_MSI_ENDPOINT") or _answers("AZURE_METADATA_ENDPOINT"):
        return {}
    raise _nothing_found(
        "az",
        "AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, AZURE_CLIENT_SECRET, "
        "AZURE_FEDERATED_TOKEN_FILE, AZURE_USE_AZURE_CLI and the machine's identity",
    )


_FINDERS = {"s3": _s3, "gs": _gs, "az": _az}


def _nothing_found(kind: str, looked_for: str) -> JobError:
    return JobError(
        f"{kind}: no credentials: found none of {looked_for}; set one of them, or for a public "
        f'bucket storage: {{"{kind}://": {{anonymous: true}}}}'
    )


def _any(*names: str) -> bool:
    return any(os.environ.get(name) for name in names)


def _all(*names: str) -> bool:
    return all(os.environ.get(name) for name in names)


def _is_true(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("1", "true", "yes", "on")


def _answers(name: str) -> bool:
    """Return whether the service that gives a machine its credentials takes a connection."""
    given = os.environ.get(name) or _METADATA
    url = urlsplit(given if "://" in given else f"http://{given}")
    try:
        with socket.create_connection((url.hostname, url.port or 80), _PROBE_SECONDS):
            return True
    except (OSError, ValueError):
        return False
