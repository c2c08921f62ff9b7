"""Opens and reads regular files alone: a pipe could block for ever, and a device never ends."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

_MAX_JSON = 10_000_000  # bytes of a file that `read_json` reads, inclusive
_MAX_DEPTH = 100  # of lists and groups within each other, inclusive


class NotRegularFile(OSError):
    """The path is a pipe, a socket or a device, so its content may never end."""

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> "NotRegularFile":
        return cls(errno.EINVAL, "Not a regular file", os.fspath(path))


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading, without waiting for the other end of a pipe.

    Raises NotRegularFile for a pipe, a socket or a device, and the OSErrors of `open`.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENODEV):  # a socket, or a device without a driver
            raise NotRegularFile.of(path) from None
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(mode):
            raise NotRegularFile.of(path)
        return open(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_json(path: Path) -> Any:
    """Read a JSON file; raises OSError, or ValueError where the file is no JSON.

    ValueError also covers a file of over 10 MB, and values in over 100 levels.
    """
    with open_regular(path) as file:
        content = file.read(_MAX_JSON + 1)
    if len(content) > _MAX_JSON:
        raise ValueError(f"more than {_MAX_JSON} bytes")
    return parse_json(content)


def parse_json(content: bytes) -> Any:
    """Parse JSON; raises ValueError where the content is no JSON, or has over 100 levels."""
    try:
        value = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    level, depth = [value], 0
    while level := [inner for outer in level for inner in _children(outer)]:
        depth += 1
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
    return value


def _children(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, dict | list)]
