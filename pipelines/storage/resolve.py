"""Which storage a path lies in, and paths made absolute."""

import os
from typing import BinaryIO

from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Storage
from schemas.errors import JobError


def storage_for(path: str) -> Storage:
    """The storage that a path of the job file or the command line lies in."""
    scheme, separator, _ = path.partition("://")
    if separator and scheme != "file":
        raise JobError(
            f"{path}: {scheme}:// cannot be read or written yet: "
            "use a local path, or mount the bucket as a folder"
        )
    return LocalStorage()


def open_file(path: str, start: str = "") -> BinaryIO:
    """A stream of a file that the job names, wherever it lies."""
    return storage_for(path).open(absolute(path, start))


def absolute(path: str, start: str = "") -> str:
    """A path as the manifest stores it; relative ones begin at `start`, or the current folder."""
    return os.path.abspath(os.path.join(start, os.path.expanduser(path.removeprefix("file://"))))
