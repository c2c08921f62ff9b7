"""What a format of exports is: a function that begins a file, and the file that takes rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, Protocol

import pyarrow as pa

from pipelines.exports.chunk import Chunk

Counts = Mapping[str, int]
Pictures = Literal["none", "image", "video", "images"]  # what a sample has in an export


@dataclass(frozen=True, slots=True)
class Contents:
    """What the rows of all files of an export have."""

    schema: pa.Schema  # of the columns that are exported
    tasks: Mapping[str, str] = field(default_factory=dict)  # kind of each task, by name
    pictures: Pictures = "none"
    image_names: tuple[str, ...] = ()  # of several images, as the job names them
    file_column: str | None = None  # the column with the names of image files, if one was carried
    source: str = ""  # the fingerprint of the output
    provenance: str = ""  # JSON of how the rows came about
    categories: tuple[str, ...] = ()  # labels of objects, sorted

    @property
    def columns(self) -> list[str]:
        return list(self.schema.names)


MoreFiles = Callable[[Contents, Mapping[str, int], Mapping[str, Counts]], Mapping[str, bytes]]


class ExportFile(Protocol):
    """A file of an export that is being written."""

    def write(self, chunk: Chunk) -> None:
        """Add rows. How the rows of a file are divided into chunks does not change its bytes."""

    def finish(self) -> Counts:
        """Write the end of the file; return what the next file of the split counts on from."""

    def close(self) -> None:
        """Free what the file holds; its content is lost unless it is finished."""


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: `open` begins a file in a stream, with the counts of the file before it."""

    extension: str  # of its files, with the dot
    open: Callable[[BinaryIO, Contents, Counts], ExportFile]
    folder: str = ""  # where its files lie, with a slash at the end; {split} is the split's name
    takes_images: bool = False
    only_kept: bool = False  # also without images
    one_file: bool = False  # a split is one file, unless a size is given
    most_rows: int | None = None  # of a file, unless another number is given
    reads: tuple[str, ...] = ()  # columns that are read although they are not exported
    # Returns the labels of the objects in some rows; every file names those of all rows. Raises
    # WrongRow for a row that the format cannot take.
    labels: Callable[[pa.RecordBatch, Contents], set[str]] | None = None
    # Returns further files, by their names. It takes the rows of each split, and the counts that
    # the last file of each split with rows returned.
    more_files: MoreFiles | None = None


class WrongRow(ValueError):
    """A row of a batch, by its position, that a format cannot take; nothing of a value is told."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(position, problem)
        self.position, self.problem = position, problem


def exported(chunk: Chunk, contents: Contents) -> pa.RecordBatch:
    """Return the columns that are exported."""
    return chunk.batch.select(contents.columns)
