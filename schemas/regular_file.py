"""Opens and reads only regular files: a pipe could block for ever, and a device may never end."""

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

_MAX_JSON = 10_000_000  # bytes of a file that `read_json` reads, inclusive
_MAX_DEPTH = 100  # levels of lists and objects inside the outermost one, inclusive


class NotRegularFile(OSError):
    """The error of a path that is a pipe, a socket or a device: its content may never end."""

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> "NotRegularFile":
        return cls(errno.EINVAL, "Not a regular file", os.fspath(path))


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading, and never wait for the other end of a pipe.

    Raises NotRegularFile for a pipe, a socket or a device, and the OSErrors of `open`, such as
    IsADirectoryError for a folder.
    """
    try:
        # Only the file object closes its descriptor, or an interrupt could make it closed twice.
        file = open(path, "rb", opener=_open_at_once)  # noqa: SIM115 - the caller closes it
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENODEV):  # a socket, or a device without a driver
            raise NotRegularFile.of(path) from None
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise NotRegularFile.of(path)
    return file


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def read_json(path: Path) -> Any:
    """Read a JSON file; raise OSError if it cannot be read, and ValueError if it is no JSON.

    Also raises ValueError for a file of over 10 MB, and for JSON that is nested too deeply.
    """
    with open_regular(path) as file:
        content = file.read(_MAX_JSON + 1)
    if len(content) > _MAX_JSON:
        raise ValueError(f"more than {_MAX_JSON} bytes")
    return parse_json(content)


def parse_json(content: bytes) -> Any:
    """Parse JSON; raise ValueError if the content is no JSON, or is nested too deeply.

    Inside the outermost list or object, up to 100 levels of lists and objects are accepted.
    """
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
