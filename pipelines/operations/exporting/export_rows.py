"""Reads the rows of an output that an export takes, and the image files of their samples."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from pipelines.config.condition import Condition
from pipelines.exports.chunk import Chunk, Cursor, ImageFile, Numbers
from pipelines.operations.exporting.original_images import COLUMNS, OriginalImages
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.output.output import Output
from pipelines.rows.table import to_rows
from schemas.errors import JobError
from schemas.known_names import known_names

_OWN = ("shard", "key", *COLUMNS)  # are read in any case
_BATCH = 1024  # rows read at once
_BYTES = 32 << 20  # of the image files that are in memory at once


@dataclass(frozen=True, slots=True)
class RowSelection:
    """Which rows of an output an export takes, and which columns are read."""

    schema: pa.Schema  # of the output
    columns: tuple[str, ...]  # of the export
    condition: Condition | None
    only_kept: bool
    also: tuple[str, ...] = ()  # columns that are read too

    @classmethod
    def of(
        cls,
        schema: pa.Schema,
        place: str,
        *,
        where: str | None,
        columns: Sequence[str] | None,
        only_kept: bool,
        also: tuple[str, ...] = (),
    ) -> "RowSelection":
        """Read a condition and names of columns; raise JobError if rows of `place` lack them.

        Samples that are not kept are taken only if the condition names `status`.
        """
        named = tuple(columns) if columns is not None else tuple(schema.names)
        for number, name in enumerate(named):
            if name not in schema.names:
                raise JobError(
                    f"--columns: {place} has no column {name!r}: it has "
                    f"{known_names(name, schema.names)}: `shardmill schema {place}` lists all"
                )
            if name in named[:number]:
                raise JobError(f"--columns: {name} is named twice: name each column once")
        if where is None:
            return cls(schema, named, None, only_kept=True, also=also)
        try:
            condition = Condition(where)
            condition.check(schema, place)
        except JobError as error:
            raise JobError(f"--{error}") from None
        names_status = "status" in condition.columns(schema)
        only_kept = only_kept or not names_status
        return cls(schema, named, condition, only_kept, also)

    def columns_to_read(self) -> list[str]:
        more = self.condition.columns(self.schema) if self.condition else []
        wanted = {*_OWN, *self.columns, *self.also, *more}
        return [name for name in self.schema.names if name in wanted]

    def rows_of(self, batch: pa.RecordBatch) -> Numbers:
        """Return the positions of the selected rows of a batch."""
        selected = np.ones(len(batch), np.bool_)
        if self.condition is not None:
            selected &= np.array(self.condition.select(batch), np.bool_)
        if self.only_kept:
            statuses = batch["status"].to_pylist()
            selected &= np.fromiter((each == "kept" for each in statuses), np.bool_, len(batch))
        return np.flatnonzero(selected)


class ExportedRows:
    """Reads the selected rows of an output, in its order or in that of a seed."""

    def __init__(
        self,
        output: Output,
        selection: RowSelection,
        seed: int | None,
        on_rows: Callable[[int], None] = lambda _: None,
    ) -> None:
        """With a seed, units are read in random order; `on_rows` is told how many rows are read."""
        self._output, self._selection, self._on_rows = output, selection, on_rows
        self._units = np.flatnonzero(output.listing.has_files())
        if seed is not None:
            self._units = np.random.default_rng(seed).permutation(self._units)

    def read(self, start: Cursor) -> Iterator[Chunk]:
        """Yield the selected rows from a place on, which may be a few before it.

        Raises JobError if a file is damaged.
        """
        output = self._output
        columns = self._selection.columns_to_read()
        for unit in range(start.unit, len(self._units)):
            files = output.listing.progress_at(int(self._units[unit])).files
            for part in range(start.part if unit == start.unit else 0, len(files)):
                path = output.layout.file(files[part])
                first = 0
                for batch in read_batches(path, output.storage, columns, _BATCH):
                    yield self._selected(batch, unit, part, first)
                    self._on_rows(len(batch))
                    first += len(batch)

    def path(self, chunk: Chunk) -> str:
        """Return the path of the file that has the rows of a chunk."""
        files = self._output.listing.progress_at(int(self._units[chunk.unit])).files
        return self._output.layout.file(files[chunk.part])

    def _selected(self, batch: pa.RecordBatch, unit: int, part: int, first: int) -> Chunk:
        rows = self._selection.rows_of(batch)
        zeros = np.zeros(len(batch), np.int64)
        chunk = Chunk(batch, unit, part, first + np.arange(len(batch)), zeros)
        return chunk.take(rows)

    def with_images(self, chunk: Chunk, images: OriginalImages) -> Iterator[Chunk]:
        """Yield the rows with their image files, so few at a time that these fit in memory.

        Raises JobError and MachineFault as `OriginalImages.read` does.
        """
        known = [name for name in COLUMNS if name in chunk.batch.schema.names]
        rows = to_rows(chunk.batch.select(known))
        unit = self._output.units[int(self._units[chunk.unit])]
        start, held, size = 0, list[tuple[ImageFile, ...]](), 0
        for number, files in enumerate(images.read(unit, rows)):
            held.append(files)
            size += sum(len(each.content) for each in files)
            if size >= _BYTES:
                yield replace(chunk.slice(start, number + 1), images=held)
                start, held, size = number + 1, [], 0
        if held:
            yield replace(chunk.slice(start, len(chunk)), images=held)
