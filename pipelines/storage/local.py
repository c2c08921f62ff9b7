"""Storage in the local file system."""

import errno
import io
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, NamedTuple

from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError
from schemas.full_disk import naming_full_disk
from schemas.regular_file import open_regular

_NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)  # of a link's target

# Of os.link, in file systems without hard links, such as exFAT and some network file systems.
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


class LocalStorage(Storage):
    """Files of this machine, or of a file system that is mounted on it."""

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        try:
            items = _scan(folder, follow_links)
        except OSError as error:
            if error.errno in _NO_FILE:  # no folder can have this name
                return
            raise
        stack = [
            _Level(f"{folder.rstrip('/')}/", iter(items), frozenset([os.path.realpath(folder)]))
        ]
        while stack:
            level = stack[-1]
            name, is_link = next(level.items, ("", False))
            path = level.prefix + name
            if not name:
                stack.pop()
            elif is_link:
                yield Entry(path, 0, "", is_file=False)
            elif not name.endswith("/"):
                if (entry := self.entry(path)) is not None:  # else deleted, or a broken link
                    yield entry
            elif (
                recursive and (real := os.path.realpath(path)) not in level.above
            ):  # else links form a circle
                with suppress(FileNotFoundError, NotADirectoryError):  # deleted since
                    inner = iter(_scan(path, follow_links))
                    stack.append(_Level(path, inner, level.above | {real}))

    def entry(self, path: str) -> Entry | None:
        try:
            return _entry(path, os.stat(path))
        except OSError as error:
            if error.errno in _NO_FILE:
                return None
            raise

    def open(self, path: str, version: str = "") -> BinaryIO:
        return open_regular(path)

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        with _temporary_file(path, content, durable) as temporary:
            try:
                os.replace(temporary, path)
            except IsADirectoryError:
                raise JobError(f"{path}: is a folder where a file must be: move it away") from None
        if durable:
            _sync_folder(os.path.dirname(path))
        entry = self.entry(path)
        return entry.version if entry else ""

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        with _temporary_file(path, io.BytesIO(content), durable) as temporary:
            try:
                os.link(temporary, path)  # unlike a rename, a link replaces no file
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS:
                    raise
                with open(path, "xb", buffering=0) as target:
                    target.write(content)
                    if durable:
                        os.fsync(target.fileno())
        if durable:
            _sync_folder(os.path.dirname(path))

    def delete(self, path: str) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.unlink(path)


class _Level(NamedTuple):
    """A folder whose items are being listed."""

    prefix: str  # its path, with "/" at the end
    items: Iterator[tuple[str, bool]]  # as _scan gives them
    above: frozenset[str]  # the real paths of the folder and of those that hold it


def _scan(folder: str, follow_links: bool) -> list[tuple[str, bool]]:
    """Return each item's name, and whether it is listed as a link, in the order of a listing.

    The name of a folder ends in `/`: so sorted, the paths of all files below are in order.
    """
    with os.scandir(folder) as items:
        return sorted(
            (item.name + "/" * _is_folder(item), not follow_links and item.is_symlink())
            for item in items
        )


def _make_folder(folder: str) -> None:
    """Make a folder and those above it; raise JobError if one of them is a file."""
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        raise JobError(
            f"{folder}: is a file where a folder must be: move it away, or choose another"
        ) from None


@contextmanager
def _temporary_file(path: str, content: BinaryIO, durable: bool) -> Iterator[str]:
    """Write a temporary file beside `path`, make its folder if needed, and yield its path."""
    folder = os.path.dirname(path)
    _make_folder(folder)
    # Readers of Parquet folders skip names with a leading dot, and *.parquet does not match it.
    # The name of the file itself may be as long as names can be.
    temporary = os.path.join(folder, f".{secrets.token_hex(8)}.tmp")
    try:
        with naming_full_disk(path), open(temporary, "xb") as target:
            shutil.copyfileobj(content, target, 1 << 20)
            target.flush()
            if durable:
                os.fsync(target.fileno())
        yield temporary
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def _is_folder(item: "os.DirEntry[str]") -> bool:
    try:
        return item.is_dir()
    except OSError as error:
        if error.errno in _NO_FILE:
            return False
        raise


def _entry(path: str, status: os.stat_result) -> Entry:
    version = f"{status.st_mtime_ns}-{status.st_size}"
    is_file = stat.S_ISREG(status.st_mode)
    return Entry(path, status.st_size, version, is_file, status.st_mtime)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
