"""Makes one Bucket per bucket and process, from a URL, the job's settings and the environment."""

import os
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from pipelines.storage.object_environment import allows_http, check_environment
from pipelines.storage.settings import StorageSettings, settings_of
from schemas.errors import JobError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

    from pipelines.storage.object_bucket import Bucket

BUCKETS = ("s3", "gs", "az")
WEB = ("https", "http")  # files of web servers, which can only be read
SCHEMES = (*BUCKETS, *WEB)

_BUCKETS: "dict[tuple[str, StorageSettings], Bucket]" = {}  # of this process
_LOCK = Lock()


class Location(NamedTuple):
    """The bucket and the key of a URL such as `s3://bucket/data/00012.tar`."""

    bucket: str  # with its scheme: s3://bucket
    key: str


def locate(url: str) -> Location:
    """Split a URL, which `check_url` has accepted, into bucket and key."""
    scheme, _, rest = url.partition("://")
    name, _, key = rest.partition("/")
    if scheme in WEB:  # whose names are written as in an address; the client quotes them itself
        key = unquote(key)
    return Location(f"{scheme}://{name}", key)


def bucket_of(name: str, settings: Mapping[str, StorageSettings]) -> "Bucket":
    """Return this process's way to a bucket, such as `s3://bucket`.

    Raises JobError if no credentials are found, or the settings are wrong.
    """
    own = settings_of(name, settings)
    with _LOCK:
        if (name, own) not in _BUCKETS:
            _BUCKETS[name, own] = _new_bucket(name, own)
        return _BUCKETS[name, own]


def _new_bucket(name: str, settings: StorageSettings) -> "Bucket":
    from pipelines.storage.object_bucket import Bucket
    from pipelines.storage.object_credentials import credentials  # their imports take time

    check_environment(name.partition("://")[0], settings)
    given = credentials(name, settings)
    try:
        once = _new_client(name, settings, given, retries=0)
        uploads = _new_client(name, settings, given, retries=100)
    except Exception as error:  # noqa: BLE001 - its message may quote what was given
        raise JobError(
            f"{name}: {type(error).__name__} from the settings in `storage` or in the environment: "
            "check the names and files of the credentials"
        ) from None
    return Bucket(once, uploads, settings.retry_seconds)


def _new_client(
    bucket: str, settings: StorageSettings, credentials: Mapping[str, Any], retries: int
) -> "ObjectStore":
    from obstore.store import AzureStore, GCSStore, HTTPStore, S3Store

    scheme, _, name = bucket.partition("://")
    given: Any = dict(credentials)
    given["client_options"] = {
        "timeout": timedelta(hours=24),  # a shard may be read for hours
        "read_timeout": timedelta(seconds=settings.read_seconds),
        "connect_timeout": timedelta(seconds=settings.connect_seconds),
        "allow_http": allows_http(scheme, settings),
    }
    given["retry_config"] = {
        "max_retries": retries,  # until their time is over
        "retry_timeout": timedelta(seconds=settings.retry_seconds),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=15),
            "base": 2,
        },
    }
    match scheme:
        case "s3":
            if settings.endpoint:
                given["endpoint"] = settings.endpoint
            if settings.region:
                given["region"] = settings.region
            if settings.requester_pays:
                given["request_payer"] = True
            return S3Store(name, **given)
        case "gs":
            if endpoint := settings.endpoint or os.environ.get("STORAGE_EMULATOR_HOST"):
                given["base_url"] = endpoint
            return GCSStore(name, **given)
        case "az":
            if settings.endpoint:
                given["endpoint"] = settings.endpoint
            return AzureStore(container_name=name, **given)
        case _:
            return HTTPStore.from_url(bucket, **given)
