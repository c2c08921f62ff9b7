"""The job's settings for a store of objects."""

from collections.abc import Mapping

from pydantic import Field

from schemas.frozen import Frozen


class StorageSettings(Frozen):
    """How a bucket, or all buckets of one kind of store, are reached. Never holds credentials."""

    endpoint: str | None = Field(None, pattern=r"^https?://[^/?#@\s]+(/[^?#@\s]*)?$")
    """The URL of the server, such as `https://minio.example.org:9000`; null: the cloud's own."""
    region: str | None = Field(None, pattern=r"^[A-Za-z0-9-]+$")
    """The region of S3 buckets; null: as the environment says, or us-east-1."""
    anonymous: bool = False
    """Whether requests are sent without credentials, as public buckets allow."""
    requester_pays: bool = False
    """Whether the owner of the credentials pays for requests to an S3 bucket of this kind."""
    connect_seconds: float = Field(5, gt=0, le=600)
    """The time after which a connection that is not accepted is given up."""
    read_seconds: float = Field(30, gt=0, le=3600)
    """The time after which a server that sends nothing is given up."""
    retry_seconds: float = Field(180, ge=0, le=86400)
    """The time for which a failed request is sent again, with growing pauses."""


_DEFAULT = StorageSettings()


def settings_of(bucket: str, settings: Mapping[str, StorageSettings]) -> StorageSettings:
    """Return the settings of a bucket such as `s3://corpus`: its own, or those of `s3://`."""
    of_kind = bucket.partition("://")[0] + "://"
    return settings.get(bucket) or settings.get(of_kind) or _DEFAULT
