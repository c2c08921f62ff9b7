"""Rows of an output, chosen for looking at."""

from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.operations.row_images import RowImage, StoredRow, pictures
from pipelines.output.output import open_output
from pipelines.storage.storage import Storage
from schemas.errors import JobError

_AT_ONCE = 256  # rows read at a time


def select(
    output: str, samples: int, status: str | None = None, unit: str | None = None
) -> list[RowImage]:
    """The first rows of an output, or those of one status or unit, with their images."""
    opened = open_output(output)
    names = [known.name for known in opened.units]
    if unit is not None and unit not in names:
        raise JobError(f"--unit: there is no unit {unit!r}: units are named like {names[0]!r}")
    files = (
        opened.layout.file(file)
        for known in opened.units
        if unit in (None, known.name)
        for file in opened.progress_of(known).files
    )
    rows = (row for file in files for row in _rows(file, opened.storage, status))
    column = opened.record["input"].get("image")
    return pictures(list(islice(rows, samples)), opened.units, column)


def _rows(path: str, storage: Storage, status: str | None) -> Iterator[StoredRow]:
    try:
        with storage.open(path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(batch_size=_AT_ONCE):
                every = status is None
                chosen = batch if every else batch.filter(pc.equal(batch["status"], status))
                yield from chosen.to_pylist()
    except pa.ArrowException:
        raise JobError(f"{path}: is damaged: delete it and run the job again") from None
