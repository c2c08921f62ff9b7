"""Checks URLs before anything is requested, and says in one line what to change."""

import re

from pipelines.storage.object_client import BUCKETS, SCHEMES, WEB
from pipelines.storage.paths import scheme
from schemas.errors import JobError
from schemas.path_text import path_problem

MAX_KEY = 1024  # bytes of the name of an object within its bucket, inclusive; of S3, GCS and Azure
_OWN_FILES = 80  # bytes of the longest name in an output, apart from names of units
_INSTEAD = {
    "hdfs": "mount the file system as a folder",
    "hf": "give a model by its hub id, and files by their https:// URLs",
    "gcs": "write gs://",
    "s3a": "write s3://",
    "s3n": "write s3://",
    "abfs": "write az://container/folder, and name the account in AZURE_STORAGE_ACCOUNT_NAME",
    "abfss": "write az://container/folder, and name the account in AZURE_STORAGE_ACCOUNT_NAME",
    "wasb": "write az://container/folder, and name the account in AZURE_STORAGE_ACCOUNT_NAME",
    "wasbs": "write az://container/folder, and name the account in AZURE_STORAGE_ACCOUNT_NAME",
    "ftp": "copy the files to a folder or a bucket",
}
_COMMAND = re.compile(r"\s*pipe:")
_IN_COMMAND = re.compile(r"(?:s3|gs|https?)://[^\s'\"|;&<>()@?]+(?=[\s'\"|;&<>)]|\Z)")
_SIGNED = re.compile(
    r"[?&](?:x-(?:amz|goog)-(?:signature|credential|security-token)|signature|sig|(?:\w+_)?token"
    r"|awsaccesskeyid|password|api_?key)=[^&\s]",
    re.IGNORECASE,
)
_NOT_IN_BUCKET = re.compile(r"[*?\[\]{}\s\\%]")


def check_url(url: str) -> None:
    """Raise JobError for a URL that no store can have, or that holds a secret.

    A path of the file system is not checked. Messages do not repeat secrets.
    """
    if _COMMAND.match(url):
        named = _IN_COMMAND.search(url)
        example = named[0] if named else "s3://bucket/00000.tar"
        raise JobError(
            "pipe: is refused, because a job runs no commands: whoever could write a list of "
            f"shards could run anything: name the file itself, such as {example}"
        )
    kind = scheme(url)
    if not kind:
        return
    if kind not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES if name != "http")
        advice = _INSTEAD.get(kind.lower(), f"use a local path, or one of {known}")
        raise JobError(f"{_without_secrets(url)}: {kind}:// cannot be read: {advice}")
    bucket, _, key = url.partition("://")[2].partition("/")
    if "@" in bucket or is_signed(url):
        raise JobError(
            f"{_without_secrets(url)}: holds credentials: remove them, and let the environment "
            "hold them"
        )
    if problem := path_problem(url):
        raise JobError(f"{url}: {problem}: remove it")
    if not bucket:
        raise JobError(f"{url}: names no bucket: write it like {kind}://bucket/folder")
    if found := _NOT_IN_BUCKET.search(bucket):
        raise JobError(
            f"{url}: the name of a bucket has no {found[0]!r}, nor wildcards or braces: name the "
            "bucket in full"
        )
    if kind not in WEB:
        _check_key(url, key.rstrip("/"))


def key_of(url: str) -> str:
    """Return the name of an object within its bucket."""
    return url.partition("://")[2].partition("/")[2]


def is_signed(text: str) -> bool:
    """Return whether a text holds a URL with a signature, a token or a password."""
    return bool(_SIGNED.search(text))


def check_output_url(url: str) -> None:
    """Raise JobError for the URL of a folder that cannot be written."""
    check_url(url)
    if scheme(url) and scheme(url) not in BUCKETS:
        raise JobError(
            f"{url}: a web server is only read: name a folder, or a bucket such as s3://bucket/out"
        )
    if scheme(url) and (size := len(key_of(url).encode())) > MAX_KEY - _OWN_FILES:
        raise JobError(
            f"{url[:100]}...: has {size:,} bytes after the bucket, and files in it need up to "
            f"{_OWN_FILES} more of the {MAX_KEY:,} that stores allow: shorten it"
        )


def _check_key(url: str, key: str) -> None:
    """Raise JobError if objects cannot have a name, or not in every store."""
    if (size := len(key.encode())) > MAX_KEY:
        raise JobError(
            f"{url[:100]}...: has {size:,} bytes after the bucket, and stores allow {MAX_KEY:,}: "
            "shorten it"
        )
    if "\\" in key:
        raise JobError(f"{url}: has a backslash, which some stores do not list: rename it")
    if key and any(name in ("", ".", "..") for name in key.split("/")):
        raise JobError(f"{url}: has an empty part, or . or .. as one: write it without")


def _without_secrets(url: str) -> str:
    """Return a URL without what may be credentials in it."""
    kind, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{kind}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
