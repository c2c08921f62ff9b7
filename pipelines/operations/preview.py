"""The first samples of a job through all of it, with nothing stored."""

from pipelines.annotation.worker_faults import worker_faults
from pipelines.config.job import Job
from pipelines.operations.row_images import RowImage, StoredRow, pictures
from pipelines.planning.plan import first_units
from pipelines.planning.resolve import resolve
from pipelines.rows.table import to_arrow
from pipelines.storage.resolve import storage_for


def preview(job: Job, samples: int) -> list[RowImage]:
    """Return at most `samples` rows with their images; kept rows also show their prompts."""
    work, units = resolve(job), first_units(job)
    shown: list[StoredRow] = []
    with worker_faults():
        from pipelines.annotation.annotator import Annotator  # torch comes with it

        annotator = Annotator(work, storage_for(job.output), decode_threads=1)
        for unit in units:
            if len(shown) == samples:
                break
            rows = list(annotator.preview(unit, samples - len(shown)))
            stored = to_arrow(rows, annotator.schema).to_pylist()
            for row, values in zip(rows, stored, strict=True):
                shown.append({**values, **annotator.prompts(row)} if row.kept else values)
    return pictures(shown, units, job.input.image)
