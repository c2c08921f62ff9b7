"""Where shards are read from and outputs are written to: four operations, whatever the place.

Paths are absolute: `/data/00012.tar`, and one day `s3://corpus/00012.tar`. A new kind of place is a
subclass of Storage and a line in `storage_for`.
"""

import io
import os
import secrets
import shutil
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from schemas.errors import JobError


class Entry(NamedTuple):
    """A file as a listing shows it."""

    path: str
    size: int  # bytes
    version: str  # changes whenever the content does


class Storage(ABC):
    """The four operations that everything else is built from."""

    @abstractmethod
    def list(self, folder: str, recursive: bool = True) -> list[Entry]:
        """The files below a folder, by path; none where the folder does not exist."""

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """A stream of the file's bytes; FileNotFoundError where there is none."""

    @abstractmethod
    def write(self, path: str, content: BinaryIO, durable: bool = True) -> None:
        """Put a file in place whole or not at all, replacing one of that name.

        `durable` waits until it would survive a power cut.
        """

    @abstractmethod
    def delete(self, path: str) -> None:
        """Remove a file; that it is gone already is no error."""

    def read_bytes(self, path: str) -> bytes:
        with self.open(path) as stream:
            return stream.read()

    def write_bytes(self, path: str, content: bytes, durable: bool = True) -> None:
        self.write(path, io.BytesIO(content), durable)


class LocalStorage(Storage):
    """Files of this machine, or of a file system mounted on it."""

    def list(self, folder: str, recursive: bool = True) -> list[Entry]:
        entries: list[Entry] = []
        folders: list[tuple[str, frozenset[str]]] = [(folder, frozenset())]
        while folders:
            folder, above = folders.pop()
            real = os.path.realpath(folder)
            if real in above:  # links make a circle
                continue
            try:
                found = os.scandir(folder)
            except (FileNotFoundError, NotADirectoryError):
                continue
            with found:
                for item in found:
                    if item.is_dir(follow_symlinks=True):
                        folders += [(item.path, above | {real})] * recursive
                        continue
                    try:
                        status = item.stat()
                    except FileNotFoundError:  # removed meanwhile, or a link to nowhere
                        continue
                    version = f"{status.st_mtime_ns}-{status.st_size}"
                    entries.append(Entry(item.path, status.st_size, version))
        return sorted(entries)

    def open(self, path: str) -> BinaryIO:
        return open(path, "rb")

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> None:
        folder, name = os.path.split(path)
        os.makedirs(folder, exist_ok=True)
        # Readers of Parquet folders skip names with a leading dot, and *.parquet does not match.
        temporary = os.path.join(folder, f".{name}.{secrets.token_hex(4)}.tmp")
        try:
            with open(temporary, "xb") as target:
                shutil.copyfileobj(content, target, 1 << 20)
                target.flush()
                if durable:
                    os.fsync(target.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        if durable:
            _sync_folder(folder)

    def delete(self, path: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
