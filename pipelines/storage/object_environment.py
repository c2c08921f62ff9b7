"""Checks the variables by which a user names a server, before a client reads them."""

import os
from collections.abc import Callable, Mapping

from pipelines.storage.settings import StorageSettings, check_endpoint, check_region
from schemas.errors import JobError

# As the clouds' own tools read them; the first that is set counts.
_ENDPOINTS: Mapping[str, tuple[str, ...]] = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "gs": ("STORAGE_EMULATOR_HOST",),
    "az": ("AZURE_STORAGE_ENDPOINT",),
}
_REGIONS: Mapping[str, tuple[str, ...]] = {"s3": ("AWS_REGION", "AWS_DEFAULT_REGION")}


def check_environment(kind: str, settings: StorageSettings) -> None:
    """Raise JobError if the environment names no server that can exist, for `s3`, `gs` or `az`.

    The client's library ends with a panic then. Settings of the job replace the environment.
    """
    if settings.endpoint is None:
        _check(_ENDPOINTS.get(kind, ()), check_endpoint)
    if settings.region is None:
        _check(_REGIONS.get(kind, ()), check_region)


def allows_http(kind: str, settings: StorageSettings) -> bool:
    """Return whether the named server is one without TLS, as servers on this machine are."""
    named = (settings.endpoint, *(os.environ.get(name) for name in _ENDPOINTS.get(kind, ())))
    return kind == "http" or any(url.startswith("http://") for url in named if url)


def _check(names: tuple[str, ...], check: Callable[[str], str]) -> None:
    for name in names:
        if value := os.environ.get(name):
            try:
                check(value)
            except ValueError as error:
                raise JobError(f"{name}: {error}") from None
