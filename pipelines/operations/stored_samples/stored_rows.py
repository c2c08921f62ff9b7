"""Reads rows of the committed files of an output."""

from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.operations.stored_samples.row_images import StoredRow
from pipelines.output.footers import damaged_file
from pipelines.reading import parquet_ranges
from pipelines.rows.table import to_rows
from pipelines.storage.storage import Storage
from schemas.regular_file import NotRegularFile

Mask = Callable[[pa.RecordBatch], pa.Array]  # which rows of a batch are meant: booleans

_BATCH = 256  # rows read at once


def read_rows(path: str, storage: Storage, mask: Mask) -> Iterator[StoredRow]:
    """Yield the rows of a file that a mask selects; raise JobError if the file is damaged."""
    for batch in read_batches(path, storage):
        yield from to_rows(batch.filter(mask(batch)))


def read_rows_at(path: str, storage: Storage, numbers: Sequence[int]) -> Iterator[StoredRow]:
    """Yield the rows of a file with these numbers, which are sorted, counted from 0.

    Raises JobError if the file is damaged.
    """
    start = 0
    for batch in read_batches(path, storage):
        end = start + len(batch)
        if here := [number - start for number in numbers if start <= number < end]:
            yield from to_rows(batch.take(pa.array(here)))
        if not numbers or numbers[-1] < end:
            return
        start = end


def read_batches(
    path: str, storage: Storage, columns: Sequence[str] | None = None, size: int = _BATCH
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a file in batches; None stands for all columns.

    Raises JobError if the file is damaged.
    """
    try:
        with storage.open(path) as stream:
            yield from parquet_ranges.read_batches(pq.ParquetFile(stream), stream, size, columns)
    except (pa.ArrowException, NotRegularFile):
        raise damaged_file(path) from None
