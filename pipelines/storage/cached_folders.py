"""Copies the folders of models from buckets into a cache on this machine, each version once.

The cache is `shardmill/models` in `$XDG_CACHE_HOME`, or in `~/.cache`. Each version of a folder has
a folder of its own there. A file appears there whole, and stays: a copy that was interrupted goes
on with the next file. A lock lets one process copy while the others wait.
"""

import errno
import fcntl
import fnmatch
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from pipelines.storage.object_client import BUCKETS
from pipelines.storage.paths import absolute, relative, scheme
from pipelines.storage.storage import Entry, Storage
from pipelines.storage.urls import check_url
from schemas.errors import JobError
from schemas.path_text import path_problem
from schemas.resources import FetchedFolder

_LISTING = ".listing"  # of the folder in the bucket; no pattern of files to be loaded matches it
_MAX_FILES = 2000  # of a model, inclusive
_MAX_SIDE_BYTES = 256 << 20  # of a file that is not named as weights, inclusive
_WEIGHTS = (".safetensors", ".model")
_CHUNK = 4 << 20  # bytes
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)  # of file systems without locks


class Copied(NamedTuple):
    """How far the copy of a file is."""

    url: str
    done: int  # bytes
    size: int  # bytes


class CachedFolders:
    """Copies folders of buckets, which `storage` reads; a FetchFolder of `schemas.resources`.

    `on_progress` is told how far the copy of each file is, and `on_wait` that another process
    copies the folder.
    """

    def __init__(
        self,
        storage: Storage,
        on_progress: Callable[[Copied], None] = lambda _: None,
        on_wait: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._storage, self._on_progress, self._on_wait = storage, on_progress, on_wait

    def __call__(
        self, url: str, patterns: Sequence[str], version: str = "", *, without: str = ""
    ) -> FetchedFolder:
        """Copy the files that any of the patterns names, but not those that `without` names.

        Nothing is requested for a known `version` that is here already. Raises JobError if the
        folder has no such files, or is in another version.
        """
        check_url(url)
        if scheme(url) not in BUCKETS:
            raise JobError(
                f"{url}: the files of a web server cannot be listed: name a folder in a bucket or "
                "on this machine, or a hub id"
            )
        url = absolute(url)
        place = _place(url, version)
        known = _read_listing(place) if version else []
        if known and all(_is_here(place, entry) for entry in _chosen(known, without)):
            return _fetched(place, version, known)
        entries = self._list(url, patterns)
        found = _version_of(url, entries)
        if version and found != version:
            raise JobError(
                f"{url!r} is not what it was when the job was planned: put its files back, or "
                "plan the job anew"
            )
        place = _place(url, found)
        wanted = [entry for entry in _chosen(entries, without) if not _is_here(place, entry)]
        if wanted or not (place / _LISTING).exists():
            with self._locked(place):
                _delete_unfinished(place)
                for entry in wanted:
                    if not _is_here(place, entry):  # another process may have copied it
                        self._copy(entry, place)
                _write_listing(place, entries)
        return _fetched(place, found, entries)

    def _list(self, url: str, patterns: Sequence[str]) -> list[Entry]:
        """List the files directly in a folder that any of the patterns names, by name."""
        entries = []
        try:
            for entry in self._storage.list(url, recursive=False):
                name = relative(entry.path, url)
                if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                    _check_name(name, entry.path)
                    entries.append(entry)
        except FileNotFoundError:
            raise JobError(f"{url}: there is no such bucket: check the URL") from None
        except PermissionError as error:
            raise JobError(f"{url}: {error.strerror}") from None
        if not entries:
            if self._storage.entry(url) is not None:
                raise JobError(f"{url}: is a file: name the folder of the model")
            raise JobError(
                f"{url}: there is no file of a model directly in this folder "
                f"({', '.join(patterns)}): check the URL"
            )
        if len(entries) > _MAX_FILES:
            raise JobError(f"{url}: has more than {_MAX_FILES:,} files of a model: name another")
        for entry in entries:
            if entry.size > _MAX_SIDE_BYTES and not entry.path.endswith(_WEIGHTS):
                raise JobError(
                    f"{entry.path}: has {entry.size:,} bytes, and a file beside the weights at "
                    f"most {_MAX_SIDE_BYTES:,}: remove it from the folder"
                )
        return entries

    def _copy(self, entry: Entry, place: Path) -> None:
        """Copy one file, in the version that was listed; it appears whole."""
        target = place / _name(entry)
        unfinished = place / f".{secrets.token_hex(8)}.part"
        done = 0
        try:
            with (
                self._storage.open(entry.path, entry.version) as source,
                unfinished.open("xb") as file,
            ):
                while chunk := source.read(_CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    self._on_progress(Copied(entry.path, done, entry.size))
                file.flush()
                os.fsync(file.fileno())
            if done != entry.size:
                raise OSError(errno.EIO, f"has {done} bytes, not {entry.size}", entry.path)
            unfinished.replace(target)
        except OSError as error:
            if error.errno == errno.ESTALE or isinstance(error, FileNotFoundError):
                raise JobError(
                    f"{entry.path}: was replaced or deleted while it was copied: run again"
                ) from None
            if isinstance(error, PermissionError) and error.filename == entry.path:
                raise JobError(f"{entry.path}: {error.strerror}") from None
            raise
        finally:
            unfinished.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, place: Path) -> Iterator[None]:
        """Make a folder of the cache, and hold its lock; the lock ends with the process."""
        try:
            place.mkdir(parents=True, exist_ok=True)
            lock = os.open(f"{place}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise JobError(
                f"the cache of models {error.filename} cannot be written: {error.strerror}: set "
                "XDG_CACHE_HOME to a folder that can"
            ) from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._on_wait(str(place))
                fcntl.flock(lock, fcntl.LOCK_EX)
            except OSError as error:
                if error.errno not in _NO_LOCKS:  # without a lock, two processes copy twice
                    raise
            yield
        finally:
            os.close(lock)


def cache_folder() -> Path:
    """Return the folder of the cache; as its specification says, a relative path is ignored."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(named) if os.path.isabs(named) else Path("~/.cache").expanduser()
    return base / "shardmill" / "models"


def _place(url: str, version: str) -> Path:
    """Return the folder of the cache for a version of a folder."""
    return cache_folder() / hashlib.sha256(f"{url}\0{version}".encode()).hexdigest()[:32]


def _version_of(url: str, entries: Sequence[Entry]) -> str:
    """Digest the names, sizes and ETags of files, wherever their folder lies."""
    content = "".join(f"{relative(e.path, url)}\0{e.size}\0{e.version}\0" for e in entries)
    return f"listing:sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def _name(entry: Entry) -> str:
    return entry.path.rpartition("/")[2]


def _check_name(name: str, url: str) -> None:
    """Raise JobError if a file of the cache cannot have the name of an object."""
    if "/" in name or "\\" in name or name.startswith(".") or path_problem(name):
        raise JobError(f"{url}: is no name of a file of a model: rename it")


def _chosen(entries: Sequence[Entry], without: str) -> list[Entry]:
    return [e for e in entries if not (without and fnmatch.fnmatchcase(_name(e), without))]


def _is_here(place: Path, entry: Entry) -> bool:
    try:
        return (place / _name(entry)).stat().st_size == entry.size
    except OSError:
        return False


def _fetched(place: Path, version: str, entries: Sequence[Entry]) -> FetchedFolder:
    return FetchedFolder(place, version, frozenset(map(_name, entries)))


def _write_listing(place: Path, entries: Sequence[Entry]) -> None:
    """Note all files of the folder, so that a complete copy needs no request."""
    unfinished = place / f".{secrets.token_hex(8)}.part"
    unfinished.write_text(json.dumps([(e.path, e.size, e.version) for e in entries]))
    unfinished.replace(place / _LISTING)


def _read_listing(place: Path) -> list[Entry]:
    """Return the files of the folder of which this is a copy; nothing if there is no copy."""
    try:
        return [Entry(*values) for values in json.loads((place / _LISTING).read_text())]
    except (OSError, ValueError, TypeError):
        return []


def _delete_unfinished(place: Path) -> None:
    """Delete what processes left that died while they copied; the caller holds the lock."""
    for path in place.glob(".*.part"):
        with suppress(OSError):
            path.unlink()
