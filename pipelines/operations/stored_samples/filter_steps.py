"""Finds the filters that judged the samples of a job, to judge single samples again."""

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from filters import TextFilter
from inference.device import resolve_device
from pipelines.annotation.one_sample import FilterStep
from pipelines.config.job import Job
from pipelines.config.recorded import read_recorded
from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.output.output import Output
from pipelines.planning.column_types import find_carried_types
from pipelines.planning.filters_from import (
    EarlierOutput,
    earlier_filters,
    filters_to_run,
    open_earlier_output,
)
from pipelines.planning.resolve import resolve_with
from pipelines.planning.resolved_job import Resolved, ResolvedJob
from schemas.sample import Unit


def filter_steps(
    job: Job, output: Output | None, units: Sequence[Unit], advice: str
) -> list[FilterStep]:
    """Return the filters that judge the source, of the job and of its earlier outputs.

    Carried columns have the types of the output, or those that the job's units state. Raises
    JobError with the advice if a record cannot be read.
    """
    earlier = open_earlier_output(job)
    before = (
        []
        if earlier is None
        else filter_steps(recorded_job(earlier, advice), earlier, earlier.units, advice)
    )
    if earlier is not None and earlier_filters(job, EarlierOutput.from_record(earlier.record))[1]:
        before = []  # this job runs the earlier filters too, with its own thresholds
    if output is not None:
        resolved = read_recorded(
            TypeAdapter(Resolved),
            output.record["resolved"],
            f"{output.layout.root}: was begun by another version: {advice}",
        )
        device = resolve_device("auto") if resolved.models else "cpu"
        work = ResolvedJob(job=job, resolved=resolved.model_copy(update={"device": device}))
    else:
        work = _without_model(
            job, earlier, find_carried_types(units, job.input, job.open_storage())
        )
    filters = filters_to_run(job, work.resolved.filters_from)
    on_source = {
        name: stage
        for name, stage in filters.items()
        if not isinstance(stage, TextFilter) or stage.applies_to != "generated"
    }
    return [*before, FilterStep(work, on_source)]


def _without_model(
    job: Job, earlier: Output | None, carried_types: Mapping[str, str]
) -> ResolvedJob:
    """Resolve a job without its model, which is not asked and need not be there."""
    if job.filters:
        judging = job.model_copy(update={"model": None, "tasks": {}})
        work = resolve_with(judging, earlier, carried_types=carried_types)
        return work.model_copy(update={"job": job})
    origin = EarlierOutput.from_record(earlier.record) if earlier else None
    resolved = Resolved(
        checkpoint=None,
        device="cpu",
        threads=1,
        files={},
        packages={},
        carried_types={
            **(origin.carried_types if origin else carried_types),
            **job.input.carried_types(),
        },
        filters_from=origin,
    )
    return ResolvedJob(job=job, resolved=resolved)
