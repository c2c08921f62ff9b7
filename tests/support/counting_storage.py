"""A storage that counts the calls of its operations by path."""

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.storage.storage import Entry, Storage


class CountingStorage(Storage):
    """Passes every operation to another storage, and counts (operation, path)."""

    def __init__(self, storage: Storage) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self._storage = storage

    def list(self, folder: str, *options: bool, **named_options: bool) -> Iterator[Entry]:
        self.calls["list", folder] += 1
        return self._storage.list(folder, *options, **named_options)

    def entry(self, path: str) -> Entry | None:
        self.calls["entry", path] += 1
        return self._storage.entry(path)

    def open(self, path: str, version: str = "") -> BinaryIO:
        self.calls["open", path] += 1
        return self._storage.open(path, version)

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        self.calls["write", path] += 1
        return self._storage.write(path, content, durable)

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        self.calls["create", path] += 1
        self._storage.create(path, content, durable)

    def delete(self, path: str) -> None:
        self.calls["delete", path] += 1
        self._storage.delete(path)
