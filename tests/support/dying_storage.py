"""A storage whose process dies: after a number of changes, each further operation fails."""

from collections.abc import Iterator
from typing import BinaryIO

from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Entry


class Killed(BaseException):
    """Simulates the end of the process."""


class DyingStorage(LocalStorage):
    """Dies when it has made `changes` changes: files written, created or deleted."""

    def __init__(self, changes: int) -> None:
        self._left = changes
        self.made = 0

    def _check(self) -> None:
        if self.made >= self._left:
            raise Killed

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        self._check()
        return super().list(folder, recursive, follow_links)

    def open(self, path: str, version: str = "") -> BinaryIO:
        self._check()
        return super().open(path, version)

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        self._check()
        version = super().write(path, content, durable=False)
        self.made += 1
        return version

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        self._check()
        super().create(path, content, durable)
        self.made += 1

    def delete(self, path: str) -> None:
        self._check()
        super().delete(path)
        self.made += 1
