"""`shardmill preview`: takes the first samples of a job through all its steps, storing nothing."""

from typing import BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.annotation.worker_faults import worker_faults
from pipelines.config.job import Job
from pipelines.operations.stored_samples.row_images import RowImage, StoredRow, find_row_images
from pipelines.planning.first_shard import FirstShard, look_at_first_shard
from pipelines.planning.plan import plan_without_output
from pipelines.rows.output_row import OutputRow
from pipelines.rows.table import to_arrow, to_rows


class Preview(NamedTuple):
    """The first rows of a job with their images, and what its first shard holds."""

    rows: list[RowImage]
    first_shard: FirstShard | None  # None: the job has no units
    schema: pa.Schema  # of the files that the job writes


def write_preview(previewed: Preview, file: BinaryIO) -> None:
    """Write the rows as Parquet, with the columns of the job's output."""
    schema = previewed.schema
    rows = [{name: row.row[name] for name in schema.names} for row in previewed.rows]
    pq.write_table(pa.Table.from_pylist(rows, schema), file, compression="zstd")


def preview(job: Job, samples: int) -> Preview:
    """Annotate the first `samples` samples, in order of the units; store nothing.

    Kept rows also have the prompt of each task, as `<task> prompt`.
    """
    work, units = plan_without_output(job)
    storage = job.open_storage()
    stored: list[StoredRow] = []
    with worker_faults():
        from pipelines.annotation.annotator import Annotator  # imports torch

        annotator = Annotator(work, storage, decode_threads=1)
        for unit in units:
            if len(stored) == samples:
                break
            rows = list(annotator.preview(unit, samples - len(stored)))
            values = to_rows(to_arrow(rows, annotator.schema, work.provenance))
            for row, fields in zip(rows, values, strict=True):
                prompts = annotator.prompts(row) if row.kept else {}
                shown = [*fields.carried, *prompts]
                stored.append(OutputRow({**fields, **prompts}.items(), shown))
    images = find_row_images(stored, units, job.input, storage)
    return Preview(images, look_at_first_shard(units, work.input, storage), work.output_schema)
