"""Finds the storage of a path, and makes paths absolute."""

import os
from typing import BinaryIO

from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Storage
from schemas.errors import JobError


def storage_for(path: str) -> Storage:
    """Return the storage of a path of a job file or the command line; JobError if unsupported."""
    scheme, separator, _ = path.partition("://")
    if separator and scheme != "file":
        raise JobError(
            f"{path}: {scheme}:// cannot be read or written yet: "
            "use a local path, or mount the bucket as a folder"
        )
    return LocalStorage()


def open_file(path: str, start: str = "") -> BinaryIO:
    """Open a file that the job names; a relative path is relative to `start`."""
    return storage_for(path).open(absolute(path, start))


def absolute(path: str, start: str = "") -> str:
    """Make a path absolute, as the manifest stores it.

    A relative path is relative to `start`, by default the current folder.
    """
    return os.path.abspath(os.path.join(start, os.path.expanduser(path.removeprefix("file://"))))
