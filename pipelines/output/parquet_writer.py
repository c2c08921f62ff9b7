"""Writes the rows of one Parquet file, which appears complete or not at all."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.rows.counts import count, histograms
from pipelines.rows.row import Row
from pipelines.rows.table import to_arrow
from pipelines.storage.storage import Storage
from schemas.report import Counts, FilterCounts, Histograms, add_histograms
from schemas.tables import (
    FOOTER_COUNTS,
    FOOTER_FINGERPRINT,
    FOOTER_UNIT,
    FOOTER_VERSION,
    PROVENANCE,
    SCHEMA_VERSION,
    carried_columns,
    is_own,
)

_ROW_GROUP = 2048  # rows; fixed, because the size of row groups decides the bytes of a file


class PartWriter:
    """A writer that spools the rows of one file to a local file, and commits the file in one step.

    The spool has no name, so that a killed process leaves no file behind.
    """

    def __init__(
        self,
        schema: pa.Schema,
        unit: str,
        fingerprint: str,
        first_index: int,
        filters: Sequence[str] = (),
        *,
        provenance: Mapping[str, str] | None = None,
    ) -> None:
        """Begin a file; `filters` names the filters on samples, in the order of their runs.

        `provenance` is the value of the column of that name in all rows.
        """
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit
        self._writer = open_writer(self._spool, schema)
        self._schema = schema
        self._carried = sorted(carried_columns(schema))
        self._footer = {
            FOOTER_VERSION: SCHEMA_VERSION,
            FOOTER_FINGERPRINT: fingerprint,
            FOOTER_UNIT: unit,
        }
        self._provenance = provenance
        self._first_index = first_index
        self._waiting: list[Row] = []
        self._counts = Counts(filters=tuple(FilterCounts(name=name) for name in filters))
        self._scores: Histograms = {}

    @property
    def scores(self) -> Histograms:
        """Histograms of the scores in the rows written so far."""
        return self._scores

    @property
    def counts(self) -> Counts:
        """Counts of the rows written so far; those of carried columns lag behind until `commit`."""
        return self._counts

    def write(self, rows: Sequence[Row]) -> None:
        """Add the next rows of the unit; raise AssertionError if their indices do not follow."""
        expected = self._first_index + self._counts.read
        if [row.index for row in rows] != list(range(expected, expected + len(rows))):
            raise AssertionError(f"rows out of order at {expected}")  # a bug in the caller
        self._counts += count(rows)
        self._scores = add_histograms(self._scores, histograms(rows))
        self._waiting += rows
        while len(self._waiting) >= _ROW_GROUP:
            self._flush()

    def commit(self, storage: Storage, path: str, notes: Mapping[str, str] | None = None) -> str:
        """Finish the file and store it at `path`; `notes` are further entries of its footer.

        Returns the version of the file; an empty text if it has been deleted since.
        """
        if self._waiting:
            self._flush()
        self._footer[FOOTER_COUNTS] = json.dumps(self._counts.model_dump(), sort_keys=True)
        self._footer |= notes or {}
        self._writer.add_key_value_metadata(self._footer)
        self._writer.close()
        self._spool.seek(0)
        return storage.write(path, self._spool)

    def _flush(self) -> None:
        rows, self._waiting = self._waiting[:_ROW_GROUP], self._waiting[_ROW_GROUP:]
        batch = to_arrow(rows, self._schema, self._provenance)
        self._counts += Counts(
            carried={name: len(batch) - batch[name].null_count for name in self._carried}
        )
        self._writer.write_table(pa.Table.from_batches([batch]), row_group_size=_ROW_GROUP)

    def close(self) -> None:
        """Delete the spool; rows that were not committed are lost."""
        try:
            self._writer.close()  # no effect after commit; without it, its destructor complains
        finally:
            self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_writer(stream: IO[bytes], schema: pa.Schema) -> pq.ParquetWriter:
    """Return the writer of a file of an output."""
    has_provenance = any(name in PROVENANCE and is_own(schema.field(name)) for name in schema.names)
    return pq.ParquetWriter(
        stream,
        schema,
        compression="zstd",
        write_page_checksum=True,
        write_statistics=_leaves_with_statistics(schema) if has_provenance else True,
    )


def _leaves_with_statistics(schema: pa.Schema) -> list[str]:
    """Return the leaf columns of a schema, except for those of provenance.

    Statistics would repeat the texts of provenance in the footer, several times per row group.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    leaves = pq.ParquetFile(sink.getvalue()).schema
    paths = (leaves.column(number).path for number in range(len(leaves)))
    return [path for path in paths if path.partition(".")[0] not in PROVENANCE]
