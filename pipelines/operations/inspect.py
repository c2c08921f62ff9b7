"""Rows of an output, chosen for looking at."""

import json
from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from pipelines.config.input import Input
from pipelines.operations.row_images import RowImage, StoredRow, find_row_images
from pipelines.output.output import Output, open_output
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
    return find_row_images(list(islice(rows, samples)), opened.units, _input(opened))


def _input(opened: Output) -> Input:
    """The `input` of the job that began an output; JobError where another version wrote it."""
    try:
        return Input.model_validate_json(json.dumps(opened.record.get("input")), strict=True)
    except ValidationError:
        raise JobError(
            f"{opened.layout.job}: was written by another version of shardmill, or is damaged"
        ) from None


def _rows(path: str, storage: Storage, status: str | None) -> Iterator[StoredRow]:
    try:
        with storage.open(path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(batch_size=_AT_ONCE):
                every = status is None
                chosen = batch if every else batch.filter(pc.equal(batch["status"], status))
                yield from chosen.to_pylist()
    except pa.ArrowException:
        raise JobError(f"{path}: is damaged: delete it and run the job again") from None
