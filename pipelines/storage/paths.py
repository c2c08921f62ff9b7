"""Paths of files, and URLs of objects: `/data/00012.tar`, `s3://bucket/data/00012.tar`.

No other module takes paths apart, so that every path of a job may be a URL.
"""

import errno
import os
import tempfile
from collections.abc import Iterable

from schemas.errors import JobError

_SEPARATOR = "://"
_UNWRITABLE = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS)  # /proc has no files to make


def scheme(path: str) -> str:
    """Return the scheme of a URL, such as `s3`; an empty text for a path of the file system."""
    before, separator, _ = path.partition(_SEPARATOR)
    return before if separator and before != "file" else ""


def absolute(path: str, start: str = "") -> str:
    """Make a path absolute, as the manifest stores it; a URL loses only a `/` at its end.

    A relative path is relative to `start`, by default the current folder.
    """
    if scheme(path):
        return path.rstrip("/")
    return os.path.abspath(os.path.join(start, os.path.expanduser(path.removeprefix("file://"))))


def join(folder: str, name: str) -> str:
    """Return the path of a file or folder below a folder."""
    return f"{folder.rstrip('/')}/{name}"


def parent(path: str) -> str:
    """Return the folder of a path; the parent of a bucket, and of `/`, is the path itself."""
    if scheme(path) and path.count("/") == 2:
        return path
    return os.path.dirname(path)


def refuse_file(folder: str, where: str) -> None:
    """Raise JobError, which begins with `where`, if a file of this machine is named as a folder."""
    if os.path.isfile(folder):
        raise JobError(f"{where} is a file: name a folder")


def refuse_unwritable(folder: str, where: str) -> None:
    """Raise JobError, which begins with `where`, if no file can be made in a folder here.

    Of a folder that does not exist, the nearest one above it counts. Nothing is checked for a URL.
    """
    if scheme(folder):
        return
    while not os.path.isdir(folder) and parent(folder) != folder:
        folder = parent(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise JobError(
            f"{where} cannot be written, for {folder} takes no files ({error.strerror}): name "
            "another place"
        ) from None


def common_folder(folders: Iterable[str]) -> str:
    """Return the deepest folder that contains all the given absolute folders.

    For folders in several buckets this is their scheme with a slash, such as `s3:/`. Raises
    JobError for folders of several kinds of storage.
    """
    folders = list(folders)
    if len(kinds := {scheme(folder) for folder in folders}) > 1:
        names = " and ".join(sorted(kind or "local paths" for kind in kinds))
        raise JobError(
            f"input.shards: names {names}: name the shards of one storage, and give the others to "
            "a job of their own"
        )
    if kinds == {""}:
        return os.path.commonpath(folders)
    shared: list[str] = []
    for names_at in zip(*(folder.split("/") for folder in folders), strict=False):
        if len(set(names_at)) > 1:
            break
        shared.append(names_at[0])
    return "/".join(shared)


def relative(path: str, folder: str) -> str:
    """Return the part of an absolute path below one of its folders; a `/` at the end stays."""
    return path[len(folder.rstrip("/")) :].lstrip("/")
