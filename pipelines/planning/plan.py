"""Plans a job: resolves its defaults, lists its units, compares it with an existing output."""

import json
from dataclasses import dataclass
from functools import cached_property

from pipelines.config.job import Job
from pipelines.output.listing import OutputListing
from pipelines.output.manifest import manifest_bytes
from pipelines.output.output import Output, find_output
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.compare import check_inputs, check_same, list_new_output
from pipelines.planning.filters_from import (
    check_finished,
    match_earlier_units,
    open_earlier_output,
)
from pipelines.planning.resolve import ResolvedJob, resolve_with
from pipelines.planning.shard_names import check_path_lengths
from pipelines.planning.shards import check_output_apart, find_shards, split
from pipelines.storage.resolve import storage_for
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.sample import Unit


@dataclass(frozen=True)
class Plan:
    """The resolved job, its units, and the state of its output."""

    work: ResolvedJob
    units: tuple[Unit, ...]
    listing: OutputListing
    is_new: bool  # no run has begun the output yet
    left_out: int = 0  # shards that appeared since the first run

    @cached_property
    def pending(self) -> tuple[Unit, ...]:
        """The units that are not committed whole."""
        return tuple(unit for unit in self.units if not self.progress_of(unit).complete)

    def progress_of(self, unit: Unit) -> UnitProgress:
        return self.listing.progress_of(unit.name)


def plan(job: Job, storage: Storage | None = None) -> Plan:
    """Plan a job and write nothing.

    The output and the earlier output of `filters_from` are each opened once. Raises JobError if the
    job cannot run, or cannot continue this output.
    """
    storage = storage or storage_for(job.output)
    existing = find_output(job.output, storage)
    earlier = open_earlier_output(job)
    work = resolve_with(job, earlier, existing.record if existing else None)
    if existing is None:
        units = _first_units(job, earlier)
        check_output_apart(units, work.layout.root)
        check_path_lengths(units, work.layout)
        planned = Plan(work, units, list_new_output(work.layout, storage), is_new=True)
    else:
        check_same(existing.record, work, existing.layout)
        left_out = check_inputs(existing, find_shards(job.input.patterns()))
        planned = Plan(work, existing.units, existing.listing, is_new=False, left_out=left_out)
    if earlier is not None:
        check_finished(earlier, planned.pending)
    return planned


def plan_without_output(job: Job) -> tuple[ResolvedJob, tuple[Unit, ...]]:
    """Resolve a job and list its units; an existing output of the job is ignored."""
    earlier = open_earlier_output(job)
    return resolve_with(job, earlier), _first_units(job, earlier)


def first_units(job: Job) -> tuple[Unit, ...]:
    """List the units of a job as for a new output; an existing output of the job is ignored.

    Raises JobError if a shard lacks something that the job names.
    """
    return _first_units(job, open_earlier_output(job))


def _first_units(job: Job, earlier: Output | None) -> tuple[Unit, ...]:
    shards = find_shards(job.input.patterns())
    return match_earlier_units(earlier, shards) if earlier else split(shards, job.input)


def begin_output(plan: Plan, storage: Storage) -> None:
    """Write the manifest and job.json of a new output.

    job.json is written last, because an output counts as begun once job.json exists.
    """
    layout = plan.work.layout
    record = json.dumps(plan.work.record, indent=1, ensure_ascii=False)
    try:
        storage.write_bytes(layout.manifest, manifest_bytes(plan.units))
        storage.write_bytes(layout.job, record.encode())
    except OSError as error:
        raise JobError(
            f"output: {layout.root} cannot be written: {error.strerror}: choose another folder"
        ) from None
