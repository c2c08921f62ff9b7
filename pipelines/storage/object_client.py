"""Makes one client per bucket and process, from a URL, the job's settings and the environment."""

import os
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from pipelines.storage.settings import StorageSettings, settings_of
from schemas.errors import JobError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

BUCKETS = ("s3", "gs", "az")
WEB = ("https", "http")  # files of web servers, which can only be read
SCHEMES = (*BUCKETS, *WEB)

_CLIENTS: "dict[tuple[int, str, StorageSettings], ObjectStore]" = {}  # by process and bucket
_LOCK = Lock()

# Variables that hold the URL of a server, as the clouds' own tools read them.
_ENDPOINTS = (
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL",
    "AZURE_STORAGE_ENDPOINT",
    "STORAGE_EMULATOR_HOST",
)


class Location(NamedTuple):
    """The bucket and the key of a URL such as `s3://bucket/data/00012.tar`."""

    bucket: str  # with its scheme: s3://bucket
    key: str


def locate(url: str) -> Location:
    """Split a URL into bucket and key; raise JobError if it names no bucket."""
    scheme, _, rest = url.partition("://")
    name, _, key = rest.partition("/")
    if not name:
        raise JobError(f"{url}: names no bucket: write it like {scheme}://bucket/folder")
    if scheme in WEB:  # whose names are written as in an address; the client quotes them itself
        key = unquote(key)
    return Location(f"{scheme}://{name}", key)


def client(bucket: str, settings: Mapping[str, StorageSettings]) -> "ObjectStore":
    """Return this process's client of a bucket, such as `s3://bucket`.

    Clients are not shared with forked children, in which they would hang.
    """
    own = settings_of(bucket, settings)
    key = (os.getpid(), bucket, own)
    with _LOCK:
        if key not in _CLIENTS:
            _CLIENTS[key] = _new_client(bucket, own)
        return _CLIENTS[key]


def _new_client(bucket: str, settings: StorageSettings) -> "ObjectStore":
    from obstore.store import AzureStore, GCSStore, HTTPStore, S3Store

    scheme, _, name = bucket.partition("://")
    options: Any = {
        "timeout": timedelta(hours=24),  # a shard may be read for hours
        "read_timeout": timedelta(seconds=settings.read_seconds),
        "connect_timeout": timedelta(seconds=settings.connect_seconds),
        "allow_http": scheme == "http" or _allows_http(settings),
    }
    retries: Any = {
        "max_retries": 100,  # until their time is over
        "retry_timeout": timedelta(seconds=settings.retry_seconds),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=15),
            "base": 2,
        },
    }
    given: Any = {"skip_signature": True} if settings.anonymous else {}
    match scheme:
        case "s3":
            if settings.endpoint:
                given["endpoint"] = settings.endpoint
            if settings.region:
                given["region"] = settings.region
            if settings.requester_pays:
                given["request_payer"] = True
            return S3Store(name, client_options=options, retry_config=retries, **given)
        case "gs":
            if endpoint := settings.endpoint or os.environ.get("STORAGE_EMULATOR_HOST"):
                given["base_url"] = endpoint
            return GCSStore(name, client_options=options, retry_config=retries, **given)
        case "az":
            if settings.endpoint:
                given["endpoint"] = settings.endpoint
            return AzureStore(
                container_name=name, client_options=options, retry_config=retries, **given
            )
        case _:
            return HTTPStore.from_url(bucket, client_options=options, retry_config=retries)


def _allows_http(settings: StorageSettings) -> bool:
    """Return whether the named server is one without TLS, as servers on this machine are."""
    named = (settings.endpoint or "", *(os.environ.get(name, "") for name in _ENDPOINTS))
    return any(url.startswith("http://") for url in named)
