"""The interface of a storage, from which shards are read and to which outputs are written.

Paths are absolute: `/data/00012.tar`, `s3://bucket/data/00012.tar`. Only `paths.py` takes them
apart. A new kind of storage is a subclass of Storage and a line in `AnyStorage`.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple, Protocol, runtime_checkable


class Entry(NamedTuple):
    """A file as a listing shows it."""

    path: str
    size: int  # bytes
    version: str  # changes whenever the content does
    is_file: bool = True  # False: a device or a pipe, or a link that was not followed
    modified: float | None = None  # seconds since 1970 by the storage's clock; None: unknown


@runtime_checkable
class PinnedStream(Protocol):
    """A stream that gives bytes of one version of a file alone, whatever becomes of the file."""

    is_pinned: bool


def is_pinned(stream: object) -> bool:
    """Return whether all bytes of a stream are of the version in which its file was opened."""
    return isinstance(stream, PinnedStream) and stream.is_pinned


class Storage(ABC):
    """The six operations on which everything else is built."""

    @abstractmethod
    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        """Yield the files below a folder, sorted by path; nothing if there is no folder.

        Entries are listed while they are taken, so that a listing of a million files needs little
        memory; errors of storage are raised then. Without `recursive`, only files directly in the
        folder are listed. Without `follow_links`, a link is an entry that is no file; the path of a
        link to a folder ends in `/`.
        """

    @abstractmethod
    def entry(self, path: str) -> Entry | None:
        """Return the entry of one file, as `list` gives it; None if the file does not exist."""

    @abstractmethod
    def open(self, path: str, version: str = "") -> BinaryIO:
        """Open a file for reading bytes; the stream can seek.

        An object is read in `version` alone, by default in its version at the opening: reading
        raises an OSError with ESTALE if it is replaced. A local file is not protected: compare its
        entry afterwards. With a `version`, the errors of opening may come with the first read.

        Raises FileNotFoundError if it does not exist, IsADirectoryError for a folder, and
        NotRegularFile for a pipe, a socket or a device, without waiting for their other end.
        """

    @abstractmethod
    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        """Write a file atomically, replacing an existing one; return the version of the file.

        The version is an empty text if the file has been deleted since. With `durable`, return only
        when the file would survive a power cut.
        """

    @abstractmethod
    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        """Write a new file atomically; raise FileExistsError if the file exists.

        With `durable`, return only when the file would survive a power cut.
        Of several processes that create the same file at once, exactly one succeeds.
        """

    @abstractmethod
    def delete(self, path: str) -> None:
        """Delete a file; do nothing if it does not exist."""

    def delete_many(self, paths: Iterable[str]) -> None:
        """Delete files, those of a bucket with few requests; files that do not exist are skipped.

        They are deleted in no certain order.
        """
        for path in paths:
            self.delete(path)

    def read_bytes(self, path: str) -> bytes:
        with self.open(path) as stream:
            return stream.read()

    def write_bytes(self, path: str, content: bytes, durable: bool = True) -> None:
        self.write(path, io.BytesIO(content), durable)
