"""A storage that holds one shard in memory."""

import io
from typing import BinaryIO

from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Entry

VERSION = "1"  # of every shard


class MemoryStorage(LocalStorage):
    """Opens the same bytes for every path."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def entry(self, path: str) -> Entry:
        return Entry(path, len(self._content), VERSION)

    def open(self, path: str, version: str = "") -> BinaryIO:
        return io.BytesIO(self._content)
