"""A storage that holds one shard in memory."""

import io
from typing import BinaryIO

from pipelines.storage.local import LocalStorage


class MemoryStorage(LocalStorage):
    """Opens the same bytes for every path."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self._content)
