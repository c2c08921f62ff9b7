"""The first samples of a job through all of it, with nothing stored."""

from pipelines.annotation.worker_faults import worker_faults
from pipelines.config.job import Job
from pipelines.operations.row_images import RowImage, StoredRow, find_row_images
from pipelines.planning.plan import first_units
from pipelines.planning.resolve import resolve
from pipelines.rows.row import Row as Prepared
from pipelines.rows.table import to_arrow
from pipelines.storage.resolve import storage_for


def preview(job: Job, samples: int) -> list[RowImage]:
    """At most so many samples, in order of the shards; kept ones show their prompts too."""
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
            shown += [_with_prompts(*pair, job) for pair in zip(rows, stored, strict=True)]
    return find_row_images(shown, units, job.input)


def _with_prompts(row: Prepared, stored: dict[str, object], job: Job) -> StoredRow:
    """Prompts stand among the carried columns."""
    if not row.kept:
        return stored
    sample = row.sample()
    asked = {f"{name} prompt": task.prompt(sample) for name, task in job.tasks.items()}
    return {**stored, **asked}
