"""Loads what a worker needs once for a job: filters, tasks and engine."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from filters import Filter
from inference import Engine, Task, load_engine
from pipelines.annotation.filtering import FilterChain
from pipelines.output.request_grants import RequestGrants
from pipelines.planning.filters_from import earlier_filters
from pipelines.planning.resolved_job import ResolvedJob
from schemas.generation import ImageSpec


@dataclass(frozen=True, slots=True)
class LoadedJob:
    """The filters, tasks and engine of a job, in memory."""

    filters: FilterChain
    tasks: Mapping[str, Task]
    engine: Engine | None  # None if the job has no model

    @property
    def image_spec(self) -> ImageSpec | None:
        """The size of the model images that the engine takes; None if the job has no model."""
        return self.engine.image_spec if self.engine else None


def load_filters(
    work: ResolvedJob, filters: Mapping[str, Filter], grants: RequestGrants | None = None
) -> FilterChain:
    """Load filters; `filters` maps their names in rows and reports to their configurations.

    With `grants`, requests to services are bounded for the whole output, else for this process.
    """
    evaluate_all = work.job.evaluate == "all"
    earlier = work.resolved.filters_from
    again = earlier_filters(work.job, earlier)[1] if earlier else ()
    return FilterChain(
        list(filters.values()),
        replace(work.resources, take_requests=grants.take if grants else None),
        evaluate_all,
        list(filters),
        only_anew=frozenset(again),
    )


def load_job(
    work: ResolvedJob,
    filters: Mapping[str, Filter],
    engine: Engine | None = None,
    grants: RequestGrants | None = None,
) -> LoadedJob:
    """Load the given filters, and the tasks and the engine of the job.

    An `engine` that was loaded for the same model is used as it is; `grants` as of load_filters.
    """
    chain = load_filters(work, filters, grants)
    resources = work.resources
    if work.model is not None and work.resolved.checkpoint is not None:
        engine = engine or load_engine(work.model, work.resolved.checkpoint, resources)
        for task in work.job.tasks.values():
            task.load(resources, engine.family)
    return LoadedJob(chain, work.job.tasks, engine)
