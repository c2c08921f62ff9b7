"""The first samples of a job through all of it, with nothing stored."""

from pipelines.job import Job
from pipelines.plan import first_units, resolve
from pipelines.rows import Row as Prepared
from pipelines.rows import to_arrow
from pipelines.show.pictures import pictures
from pipelines.show.sheet import Picture
from pipelines.show.stored import Row
from pipelines.storage import storage_for
from pipelines.worker import worker_faults


def preview(job: Job, samples: int) -> list[Picture]:
    """At most so many samples, in order of the shards; kept ones show their prompts too."""
    work, units = resolve(job), first_units(job)
    shown: list[Row] = []
    with worker_faults():
        from pipelines.annotate import Annotator  # torch comes with it

        annotator = Annotator(work, storage_for(job.output), decode_threads=1)
        for unit in units:
            if len(shown) == samples:
                break
            rows = list(annotator.preview(unit, samples - len(shown)))
            stored = to_arrow(rows, annotator.schema).to_pylist()
            shown += [_with_prompts(*pair, job) for pair in zip(rows, stored, strict=True)]
    return pictures(shown, units, job.input.image)


def _with_prompts(row: Prepared, stored: dict[str, object], job: Job) -> Row:
    """Prompts stand among the carried columns."""
    if not row.kept:
        return stored
    sample = row.sample()
    asked = {f"{name} prompt": task.prompt(sample) for name, task in job.tasks.items()}
    return {**stored, **asked}
