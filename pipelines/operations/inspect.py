"""`shardmill inspect`: picks rows of an output for a person to look at."""

import json
from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ValidationError

from pipelines.config.input import Input
from pipelines.operations.row_images import RowImage, StoredRow, find_row_images
from pipelines.output.footers import damaged_file
from pipelines.output.output import Output, open_output
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.regular_file import NotRegularFile
from schemas.sample_status import SampleStatus

_BATCH = 256  # rows read at once


def select(
    output: str, samples: int, status: SampleStatus | None = None, unit: str | None = None
) -> list[RowImage]:
    """Read the first `samples` rows of an output, with their images.

    With `status` or `unit`, only rows of this status or unit are read. Raises JobError if the
    folder is no output, the unit is unknown or a file is damaged.
    """
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
    """Return the `input` of the job that began an output.

    Raises JobError if another version wrote it.
    """
    try:
        return Input.model_validate_json(json.dumps(opened.record.get("input")), strict=True)
    except ValidationError:
        path = opened.layout.record(opened.record_id.number)
        raise JobError(
            f"{path}: was written by another version of shardmill, or is damaged"
        ) from None


def _rows(path: str, storage: Storage, status: SampleStatus | None) -> Iterator[StoredRow]:
    try:
        with storage.open(path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(batch_size=_BATCH):
                if status is not None:
                    batch = batch.filter(pc.equal(batch["status"], status))
                yield from batch.to_pylist()
    except (pa.ArrowException, NotRegularFile):
        raise damaged_file(path) from None
