"""Plans a job: resolves its defaults, lists its units, compares it with an existing output."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.config.job import Job, check_is_job
from pipelines.config.validation_errors import errors_at
from pipelines.output.creation_probe import check_creates_once
from pipelines.output.listing import OutputListing
from pipelines.output.manifest import manifest_bytes, manifest_name
from pipelines.output.mounted_stores import mounted_store_warning
from pipelines.output.output import Output, find_output
from pipelines.output.record import RecordId, manifest_of, record_content
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.changed_shards import MovedShards, compare_with_manifest
from pipelines.planning.check_decisions import DecisionCounts, check_decisions
from pipelines.planning.check_metrics import check_evaluations
from pipelines.planning.column_types import find_carried_types
from pipelines.planning.compare import (
    BegunMeanwhile,
    check_same,
    has_same_places,
    list_new_output,
)
from pipelines.planning.filters_from import (
    check_finished,
    match_earlier_units,
    open_earlier_output,
)
from pipelines.planning.golden_set import GoldenSet, plan_golden_set
from pipelines.planning.grown_input import (
    NOT_GROWN,
    Growth,
    add_shards,
    find_forgotten_files,
    forget_shards,
    split_each,
)
from pipelines.planning.resolve import resolve_with
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.planning.selection import check_condition
from pipelines.planning.shard_names import check_path_lengths
from pipelines.planning.shards import find_shards, split
from pipelines.planning.unit_names import check_output_apart
from pipelines.storage.storage import Storage
from pipelines.storage.urls import check_output_url
from schemas.errors import JobError
from schemas.sample import Unit
from schemas.units import Units


@dataclass(frozen=True)
class Plan:
    """The resolved job, its units, and the state of its output."""

    work: ResolvedJob
    units: Units
    listing: OutputListing
    is_new: bool  # no run has committed anything: this one will begin the output
    growth: Growth = NOT_GROWN
    changed: tuple[str, ...] = ()  # shards with committed rows that changed since
    moved: MovedShards | None = None  # the shards lie below another folder than before
    forgotten: tuple[str, ...] = ()  # files of shards that are gone, which the record forgets
    unfinished: tuple[str, ...] = ()  # such files of an earlier record: delete them, plan again
    decisions: DecisionCounts | None = None  # of a person, if the job has some
    golden: GoldenSet | None = None  # is annotated before the units
    new_record: bytes | None = None  # to be created before units are run; None: one exists

    @cached_property
    def pending(self) -> Units:
        """The units that a run will do: those not committed whole, unless their shard changed."""
        names = self.listing.units
        if names.names.equals(self.units.names.names):
            pending = ~self.listing.complete
        else:
            complete = map(self.listing.is_complete, self.units.column("name"))
            pending = ~np.fromiter(complete, np.bool_, len(self.units))
        if changed := set(self.changed):
            shards = self.units.column("shard")
            pending &= np.fromiter((shard not in changed for shard in shards), np.bool_)
        return self.units.take(pending)

    def progress_of(self, unit: Unit) -> UnitProgress:
        return self.listing.progress_of(unit.name)

    def output(self, storage: Storage) -> Output:
        """The existing output as it was opened for this plan."""
        work = self.work
        assert work.record_id is not None, "plan() sets it"
        return Output(storage, work.layout, work.record, work.record_id, self.units, self.listing)


def plan(
    job: Job,
    storage: Storage | None = None,
    on_notice: Callable[[str], None] | None = None,
    *,
    forget_missing: bool = False,
) -> Plan:
    """Plan a job and write nothing; `on_notice` is told if this takes long, and of a
    mounted object store.

    With `forget_missing`, the record of the plan forgets the shards of the output that are gone,
    and the plan adds no shards.

    If the job would begin an output in a bucket, a small object is created there and deleted.

    The output and the earlier output of `filters_from` are each opened once. An output in which
    nothing is committed and no run is active is planned like a new one if it was begun by another
    job. Raises JobError if the job cannot run, or not into this output.
    """
    check_is_job(job)
    storage = storage or job.open_storage()
    if on_notice and (warning := mounted_store_warning(job.output)):
        on_notice(warning)
    while True:
        with suppress(BegunMeanwhile):
            return _plan(job, storage, on_notice or (lambda _: None), forget_missing)


def _plan(
    job: Job, storage: Storage, on_notice: Callable[[str], None], forget_missing: bool
) -> Plan:
    with errors_at("output: "):
        check_output_url(job.output)
    existing = find_output(job.output, storage)
    earlier = open_earlier_output(job)
    if existing is None:
        planned = _plan_new(job, earlier, storage, number=0)
    else:
        try:
            planned = _plan_existing(job, earlier, existing, on_notice, forget_missing)
        except JobError:
            if existing.listing.has_files().any() or existing.active_runs(on_notice):
                raise
            planned = _plan_new(job, earlier, storage, number=existing.record_id.number + 1)
    if earlier is not None:
        check_finished(earlier, planned.pending)
    if earlier is not None:
        check_condition(job, earlier)
    if earlier is not None and job.decisions:
        planned = replace(planned, decisions=check_decisions(job, earlier, planned.units))
    check_evaluations(planned.work, storage)
    work = planned.work.model_copy(update={"forgotten": planned.listing.forgotten})
    return replace(planned, work=work, golden=plan_golden_set(work, storage))


def _plan_new(job: Job, earlier: Output | None, storage: Storage, number: int) -> Plan:
    """Plan a job whose run will begin the output with the record of this number."""
    units = _first_units(
        job, earlier, storage
    )  # first: patterns can be tried without the checkpoint
    work = resolve_with(job, earlier, carried_types=find_carried_types(units, job.input, storage))
    check_output_apart(units, work.layout.root)
    check_path_lengths(units, work.layout)
    listing = list_new_output(work.layout, storage, number)
    check_creates_once(work.layout, storage)
    return _with_record(Plan(work, units, listing, is_new=True), work.record, number, begun=number)


def _plan_existing(
    job: Job,
    earlier: Output | None,
    existing: Output,
    on_notice: Callable[[str], None],
    forget_missing: bool,
) -> Plan:
    """Plan the rest of a job; JobError if another job began the output."""
    work = resolve_with(job, earlier, existing.record)
    is_open = job.extend or forget_missing
    check_same(existing.record, work, existing.layout, other_shards=is_open)

    def split_known(shards: Units) -> Units:
        return split_each(shards, lambda some: _split(some, job, earlier, existing.storage))

    shards = find_shards(job.input.patterns(), existing.storage)
    current = compare_with_manifest(existing, shards, split_known, on_notice)
    leftovers = find_forgotten_files(existing)
    planned = Plan(
        work.with_record_id(existing.record_id),
        current.units,
        existing.listing,
        is_new=False,
        growth=Growth(waiting=len(current.new), missing=current.missing),
        changed=current.changed,
        unfinished=() if leftovers and existing.active_runs(on_notice) else leftovers,
    )
    forgets = existing.record["forgets"] if leftovers else None
    if forget_missing and current.missing:
        units, files = forget_shards(planned.units, planned.growth, existing, on_notice)
        planned = replace(planned, units=units, forgotten=files)
        forgets = manifest_of(existing.record)
    elif job.extend and not leftovers:  # else a new unit might have the name of a forgotten one
        units, growth = add_shards(
            planned.units,
            planned.growth,
            current.new,
            earlier=earlier,
            split=split_known,
            layout=work.layout,
        )
        planned = replace(planned, units=units, growth=growth)
    columns = ["name", "version"]
    is_same = planned.units.table.select(columns).equals(existing.units.table.select(columns))
    if is_same and has_same_places(existing.record, work):
        return planned
    number, begun = existing.record_id.number + 1, existing.record["begun"]
    planned = replace(planned, moved=current.moved)
    return _with_record(planned, work.record, number, begun, forgets)


def _with_record(
    plan: Plan, record: Mapping[str, Any], number: int, begun: int, forgets: str | None = None
) -> Plan:
    """Let a plan create the record of this number, which names a manifest of the plan's units.

    `begun` is the number of the record with which the job began the output, and `forgets` names the
    manifest whose further units the record forgets.
    """
    manifest = manifest_name(manifest_bytes(plan.units), number)
    content = record_content(record, manifest, begun, forgets)
    work = plan.work.with_record_id(RecordId.of(number, content))
    return replace(plan, work=work, new_record=content)


def plan_without_output(job: Job) -> tuple[ResolvedJob, Units]:
    """Resolve a job and list its units; an existing output of the job is ignored."""
    earlier = open_earlier_output(job)
    storage = job.open_storage()
    units = _first_units(job, earlier, storage)
    types = find_carried_types(units, job.input, storage)
    return resolve_with(job, earlier, carried_types=types), units


def resolve_with_types(job: Job) -> ResolvedJob:
    """Resolve a job for reading without an output, with the types of its carried columns."""
    storage = job.open_storage()
    shards = find_shards(job.input.patterns(), storage) if job.input.carried() else ()
    types = find_carried_types(shards, job.input, storage)
    return resolve_with(job, open_earlier_output(job), carried_types=types)


def planned_schema(job: Job) -> pa.Schema:
    """Return the schema of the files that a new output of the job has.

    Raises JobError if a carried column may have the type of its shards, and no shard is there.
    """
    given = job.input
    open_types = given.carried().keys() - given.carried_types().keys()
    storage = job.open_storage()
    shards = find_shards(given.patterns(), storage) if open_types else ()
    types = {**find_carried_types(shards, given, storage), **given.carried_types()}
    return job.model_copy(update={"input": given.with_types(types)}).output_schema()


def first_units(job: Job) -> Units:
    """List the units of a job as for a new output; an existing output of the job is ignored.

    Raises JobError if a shard lacks something that the job names.
    """
    return _first_units(job, open_earlier_output(job), job.open_storage())


def _first_units(job: Job, earlier: Output | None, storage: Storage) -> Units:
    return _split(find_shards(job.input.patterns(), storage), job, earlier, storage)


def _split(shards: Units, job: Job, earlier: Output | None, storage: Storage) -> Units:
    return match_earlier_units(earlier, shards) if earlier else split(shards, job.input, storage)
