"""What a job comes to: its units, everything it leaves open resolved, and how far its output is."""

import json
from dataclasses import dataclass
from functools import cached_property

from pipelines.config.job import Job
from pipelines.output.listing import Contents, UnitProgress
from pipelines.output.manifest import manifest_bytes
from pipelines.output.output import find_output
from pipelines.planning.compare import check_inputs, check_same, empty_contents
from pipelines.planning.filters_from import (
    check_finished,
    open_earlier_output,
    units_of_earlier_output,
)
from pipelines.planning.resolve import ResolvedJob, resolve
from pipelines.planning.shards import check_output_apart, find_shards, split
from pipelines.storage.resolve import storage_for
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.sample import Unit


@dataclass(frozen=True)
class Plan:
    """The units of a job, and what its output holds of them so far."""

    work: ResolvedJob
    units: tuple[Unit, ...]
    contents: Contents
    is_new: bool  # nothing has been written to the output yet
    left_out: int = 0  # shards that appeared since the first run

    @cached_property
    def pending(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if not self.progress_of(unit).complete)

    def progress_of(self, unit: Unit) -> UnitProgress:
        return self.contents.progress_of(unit.name)


def plan(job: Job, storage: Storage | None = None) -> Plan:
    """Look at everything a run depends on; nothing is written.

    Raises JobError where the job cannot be run, or not into this output.
    """
    storage = storage or storage_for(job.output)
    begun = find_output(job.output, storage)
    work = resolve(job, begun.record if begun else None)
    if begun is None:
        units = first_units(job)
        check_output_apart(units, work.layout.root)
        planned = Plan(work, units, empty_contents(work.layout, storage), is_new=True)
    else:
        check_same(begun.record, work, begun.layout)
        left_out = check_inputs(begun, find_shards(job.input.patterns()))
        planned = Plan(work, begun.units, begun.contents, is_new=False, left_out=left_out)
    if earlier := open_earlier_output(job):
        check_finished(earlier, planned.pending)
    return planned


def first_units(job: Job) -> tuple[Unit, ...]:
    """The units of a job that has no output yet; JobError where a column it names is not there."""
    if earlier := open_earlier_output(job):
        return units_of_earlier_output(earlier, find_shards(job.input.patterns()))
    return split(find_shards(job.input.patterns()), job.input)


def begin(plan: Plan, storage: Storage) -> None:
    """Write the manifest and job.json of a new output; job.json last, for it marks a beginning."""
    layout = plan.work.layout
    record = json.dumps(plan.work.record, indent=1, ensure_ascii=False)
    try:
        storage.write_bytes(layout.manifest, manifest_bytes(plan.units))
        storage.write_bytes(layout.job, record.encode())
    except OSError as error:
        raise JobError(
            f"output: {layout.root} cannot be written: {error.strerror}: choose another folder"
        ) from None
