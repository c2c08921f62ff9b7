"""The job's settings for stores of objects."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from schemas.errors import JobError
from schemas.frozen import Frozen

_STORES = ("s3", "gs", "az", "https", "http")
_STORE = re.compile(r"(\w+)://([A-Za-z0-9._:-]*)")
_ENDPOINT = re.compile(r"https?://[^/?#@\s]+(/[^?#@\s]*)?")


def check_endpoint(endpoint: str) -> str:
    """Return the URL of a server; raise ValueError if it is none, or holds credentials."""
    if _ENDPOINT.fullmatch(endpoint):
        return endpoint
    if "@" in endpoint:
        raise ValueError("holds credentials: remove them, and let the environment hold them")
    if "://" not in endpoint and re.fullmatch(r"[\w.-]+(:\d+)?(/\S*)?", endpoint):
        raise ValueError(f"write https://{endpoint}, or http:// for a server without TLS")
    raise ValueError("write the URL of the server, such as https://minio.example.org:9000")


def check_region(region: str) -> str:
    """Return the name of a region; raise ValueError if it cannot be one."""
    if not re.fullmatch(r"[A-Za-z0-9-]+", region):
        raise ValueError("write the name of a region, such as eu-central-1")
    return region


def _check_store(name: str) -> str:
    """Return the key of a bucket's settings; raise ValueError if it is none."""
    known = ", ".join(f"{store}://" for store in _STORES[:3])
    if name in _STORES:
        raise ValueError(f"write {name}://, with both slashes, in quotes")
    store = _STORE.fullmatch(name.rstrip("/") if name.count("/") == 3 else name)
    if store and store[1] in _STORES:
        return f"{store[1]}://{store[2]}"
    if (folder := _STORE.match(name)) and folder[1] in _STORES:
        raise ValueError(f"settings are those of a whole bucket: write {folder[0]}")
    raise ValueError(f"name a kind of store, {known}, or a bucket, such as s3://corpus")


class StorageSettings(Frozen):
    """How a bucket, or all buckets of one kind of store, are reached. Never holds credentials."""

    endpoint: Annotated[str, AfterValidator(check_endpoint)] | None = None
    """The URL of the server, such as `https://minio.example.org:9000`; null: the cloud's own."""
    region: Annotated[str, AfterValidator(check_region)] | None = None
    """The region of S3 buckets; null: as the environment says, or us-east-1."""
    anonymous: bool = False
    """Whether requests are sent without credentials, as public buckets allow."""
    requester_pays: bool = False
    """Whether the owner of the credentials pays for requests to S3 buckets; for `s3://` alone."""
    connect_seconds: float = Field(5, gt=0, le=600)
    """The time after which a connection that is not accepted is given up."""
    read_seconds: float = Field(30, gt=0, le=3600)
    """The time after which a server that sends nothing is given up."""
    retry_seconds: float = Field(180, ge=0, le=86400)
    """The time for which a failed request is sent again, with growing pauses."""


StoreName = Annotated[str, AfterValidator(_check_store)]

_DEFAULT = StorageSettings()

# What a store does not have -> the stores that have it, and what to do instead.
_OWN = {
    "requester_pays": (("s3",), "only s3:// knows it; gs:// and az:// buckets are not supported"),
    "region": (("s3",), "only s3:// buckets are addressed by their region"),
    "endpoint": (("s3", "gs", "az"), "the URL of a file on a web server names its server"),
    "anonymous": (("s3", "gs", "az"), "no credentials are ever sent to web servers"),
}


def check_settings(settings: Mapping[str, StorageSettings]) -> None:
    """Raise JobError if a store is given a setting that it does not have."""
    for name, given in settings.items():
        for key, (stores, reason) in _OWN.items():
            if getattr(given, key) and name.partition("://")[0] not in stores:
                raise JobError(f"storage.{name}.{key}: {reason}: remove it")


def settings_of(bucket: str, settings: Mapping[str, StorageSettings]) -> StorageSettings:
    """Return the settings of a bucket such as `s3://corpus`: its own, or those of `s3://`."""
    of_kind = bucket.partition("://")[0] + "://"
    return settings.get(bucket) or settings.get(of_kind) or _DEFAULT
