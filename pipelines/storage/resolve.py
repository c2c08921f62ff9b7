"""Storage for every path that a job or the command line names, local or in a bucket."""

from collections.abc import Iterator, Mapping
from typing import BinaryIO

from pipelines.storage.local import LocalStorage
from pipelines.storage.object_client import SCHEMES
from pipelines.storage.object_store import ObjectStorage
from pipelines.storage.paths import absolute, scheme
from pipelines.storage.settings import StorageSettings
from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError

_INSTEAD = {
    "pipe": "a command is not run for the sake of a job: name the files that it reads",
    "hdfs": "mount the file system as a folder",
    "hf": "name the files by their https:// URLs, or download them",
    "gcs": "write gs://",
    "s3a": "write s3://",
    "abfs": "write az://",
    "abfss": "write az://",
}


class AnyStorage(Storage):
    """Files of this machine by their paths, and objects by their URLs. It can be pickled.

    A job has one, with the settings of its `storage`, for its shards, its output and all else.
    """

    def __init__(self, settings: Mapping[str, StorageSettings] | None = None) -> None:
        self._local, self._objects = LocalStorage(), ObjectStorage(settings)

    def _of(self, path: str) -> Storage:
        check_scheme(path)
        return self._objects if scheme(path) else self._local

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        return self._of(folder).list(folder, recursive, follow_links)

    def entry(self, path: str) -> Entry | None:
        return self._of(path).entry(path)

    def open(self, path: str, version: str = "") -> BinaryIO:
        return self._of(path).open(path, version)

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> None:
        self._of(path).write(path, content, durable)

    def create(self, path: str, content: bytes) -> None:
        self._of(path).create(path, content)

    def delete(self, path: str) -> None:
        self._of(path).delete(path)


STORAGE = AnyStorage()  # with no job's settings


def check_scheme(path: str) -> None:
    """Raise JobError for a URL that is not of a store which can be read."""
    kind = path.partition(":")[0] if path.startswith("pipe:") else scheme(path)
    if kind and kind not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES if name != "http")
        advice = _INSTEAD.get(kind, f"use a local path, or one of {known}")
        raise JobError(f"{path}: {kind}: cannot be read: {advice}")


def open_file(path: str, start: str = "", storage: Storage = STORAGE) -> BinaryIO:
    """Open a file that the job names; a relative path is relative to `start`."""
    return storage.open(absolute(path, start))
