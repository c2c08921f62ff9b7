"""A storage whose files are in memory; every write gives a new version."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.storage.storage import Entry, Storage


class MemoryFolder(Storage):
    """Files by path, each with its content and version."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[bytes, str]] = {}
        self._writes = 0

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        prefix = f"{folder.rstrip('/')}/"
        for path in sorted(self.files):
            below = path.removeprefix(prefix)
            if path.startswith(prefix) and (recursive or "/" not in below):
                yield Entry(path, len(self.files[path][0]), self.files[path][1])

    def entry(self, path: str) -> Entry | None:
        if path not in self.files:
            return None
        content, version = self.files[path]
        return Entry(path, len(content), version)

    def open(self, path: str, version: str = "") -> BinaryIO:
        if path not in self.files:
            raise FileNotFoundError(path)
        return io.BytesIO(self.files[path][0])

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        self._writes += 1
        self.files[path] = (content.read(), str(self._writes))
        return str(self._writes)

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        if path in self.files:
            raise FileExistsError(path)
        self.write_bytes(path, content)

    def delete(self, path: str) -> None:
        self.files.pop(path, None)
