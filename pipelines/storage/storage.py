"""Where shards are read from and outputs are written to: four operations, whatever the place.

Paths are absolute: `/data/00012.tar`, and one day `s3://corpus/00012.tar`. A new kind of place is a
subclass of Storage and a line in `storage_for`.
"""

import io
from abc import ABC, abstractmethod
from typing import BinaryIO, NamedTuple


class Entry(NamedTuple):
    """A file as a listing shows it."""

    path: str
    size: int  # bytes
    version: str  # changes whenever the content does
    is_file: bool = True  # False: a device or a pipe, or a link that was not followed


class Storage(ABC):
    """The four operations that everything else is built from."""

    @abstractmethod
    def list(self, folder: str, recursive: bool = True, follow_links: bool = True) -> list[Entry]:
        """The files below a folder, by path; none where the folder does not exist.

        Without `follow_links`, a link is an entry that is no file; the path of a link to a folder
        ends in `/`.
        """

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
