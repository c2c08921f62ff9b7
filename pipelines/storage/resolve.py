"""Storage for every path that a job or the command line names, local or in a bucket."""

from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from pipelines.storage.local import LocalStorage
from pipelines.storage.paths import absolute, scheme
from pipelines.storage.settings import StorageSettings
from pipelines.storage.storage import Entry, Storage
from pipelines.storage.urls import check_url, key_of


class AnyStorage(Storage):
    """Files of this machine by their paths, and objects by their URLs. It can be pickled.

    A job has one, with the settings of its `storage`, for its shards, its output and all else.
    """

    def __init__(self, settings: Mapping[str, StorageSettings] | None = None) -> None:
        self._local, self._settings = LocalStorage(), settings

    @property
    def settings(self) -> Mapping[str, StorageSettings] | None:
        """The settings of stores; None if none were given, not even an empty mapping."""
        return self._settings

    def _of(self, path: str) -> Storage:
        check_url(path)
        if not scheme(path):
            return self._local
        from pipelines.storage.object_store import ObjectStorage  # its imports take time

        return ObjectStorage(self._settings)

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        return self._of(folder).list(folder, recursive, follow_links)

    def entry(self, path: str) -> Entry | None:
        if scheme(path) and not key_of(path):  # a whole bucket
            check_url(path)
            return None
        return self._of(path).entry(path)

    def open(self, path: str, version: str = "") -> BinaryIO:
        return self._of(path).open(path, version)

    def read_bytes(self, path: str) -> bytes:
        return self._of(path).read_bytes(path)  # an object's with one request

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        return self._of(path).write(path, content, durable)

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        self._of(path).create(path, content, durable)

    def delete(self, path: str) -> None:
        self._of(path).delete(path)

    def delete_many(self, paths: Iterable[str]) -> None:
        paths = list(paths)
        for kind in sorted({scheme(path) for path in paths}):
            same = [path for path in paths if scheme(path) == kind]
            self._of(same[0]).delete_many(same)


STORAGE = AnyStorage()  # with no job's settings


def open_file(path: str, start: str = "", storage: Storage = STORAGE) -> BinaryIO:
    """Open a file that the job names; a relative path is relative to `start`."""
    return storage.open(absolute(path, start))
