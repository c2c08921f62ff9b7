"""A storage that refuses to open or to read some files."""

import errno
import io
import os
from typing import BinaryIO

from pipelines.storage.local import LocalStorage


class UnreadableStorage(LocalStorage):
    """Fails on paths with `part` in them: at the opening, or after `readable` bytes."""

    def __init__(self, part: str, code: int = errno.EACCES, readable: int | None = None) -> None:
        self.part = part
        self._code = code
        self._readable = readable

    def open(self, path: str, version: str = "") -> BinaryIO:
        stream = super().open(path, version)
        if self.part not in path:
            return stream
        if self._readable is None:
            stream.close()
            raise self._error(path)
        return io.BufferedReader(_FailingStream(stream, self._readable, self._error(path)))

    def _error(self, path: str) -> OSError:
        return OSError(self._code, os.strerror(self._code), path)


class _FailingStream(io.RawIOBase):
    """Gives the first bytes of a stream, then fails."""

    def __init__(self, stream: BinaryIO, readable: int, error: OSError) -> None:
        self._stream = stream
        self._end = readable
        self._error = error

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        room = min(len(buffer), self._end - self._stream.tell())
        if room <= 0:
            raise self._error
        content = self._stream.read(room)
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        self._stream.close()
        super().close()
