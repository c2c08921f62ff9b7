"""Rows of an export on their way to its files, with the image files that belong to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.exports.row_sizes import row_sizes

Numbers = npt.NDArray[np.int64]


class ImageFile(NamedTuple):
    """An image file as its shard holds it."""

    content: bytes
    extension: str  # lower-case, without a dot, such as jpg
    name: str | None  # of the member or file; None: the shard has no names


class Cursor(NamedTuple):
    """A place from which the rows of a split go on; cursors are ordered as rows are read."""

    unit: int  # in the order in which the export reads units, from 0
    part: int  # a file of the unit, from 0
    row: int  # of the file, from 0
    skip: int = 0  # rows of the split, in the order of the export, that are passed over from there


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one file of the output that an export takes."""

    batch: pa.RecordBatch
    unit: int  # as in Cursor
    part: int
    rows: Numbers  # as in Cursor, of each row
    skips: Numbers  # likewise
    images: Sequence[tuple[ImageFile, ...]] | None = None  # of each row; None: not read

    def __len__(self) -> int:
        return len(self.batch)

    def slice(self, start: int, stop: int) -> "Chunk":
        return Chunk(
            self.batch.slice(start, stop - start),
            self.unit,
            self.part,
            self.rows[start:stop],
            self.skips[start:stop],
            None if self.images is None else self.images[start:stop],
        )

    def take(self, positions: Numbers) -> "Chunk":
        """Return the rows at these positions, in their order."""
        return Chunk(
            self.batch.take(pa.array(positions)),
            self.unit,
            self.part,
            self.rows[positions],
            self.skips[positions],
            None if self.images is None else [self.images[each] for each in positions.tolist()],
        )

    def cursor(self, position: int) -> Cursor:
        """Return the place of a row."""
        return Cursor(self.unit, self.part, int(self.rows[position]), int(self.skips[position]))

    def at_or_after(self, cursor: Cursor) -> npt.NDArray[np.bool_]:
        """Return which rows are at a place or after it."""
        file = (self.unit, self.part)
        if file == cursor[:2]:
            return self.rows >= cursor.row
        return np.full(len(self), file > cursor[:2])

    def sizes(self, columns: Sequence[str]) -> Numbers:
        """Return the bytes of each row: of the values of columns, and of its images."""
        sizes = row_sizes(self.batch.select(list(columns)))
        if self.images is not None:
            of_images = [sum(len(each.content) for each in images) for images in self.images]
            sizes = sizes + np.array(of_images, np.int64)
        return sizes


def rows_that_fit(sizes: Numbers, most: int) -> int:
    """Return how many rows fill `most` bytes: the last one may exceed them, and one always fits."""
    return min(int(np.searchsorted(np.cumsum(sizes), most)) + 1, len(sizes))
