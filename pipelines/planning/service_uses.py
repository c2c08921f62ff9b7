"""The services that the filters of a plan ask, and how many requests that will take."""

from typing import Literal

from filters import TextFilter
from filters.services.service_filter import ServiceFilter
from pipelines.planning.filters_from import filters_to_run
from pipelines.planning.first_shard import FirstShard
from pipelines.planning.plan import Plan
from pipelines.planning.resolved_job import ResolvedJob
from schemas.frozen import Frozen
from schemas.units import sum_sizes


class ServiceUse(Frozen):
    """What one filter sends to a service."""

    filter: str
    """The name of the filter."""
    service: str
    """The name of the service."""
    sends: Literal["texts", "images"]
    """What leaves this machine."""
    requests: int | None
    """The requests that the pending shards take, without retries; null: unknown.

    Estimated from the first shard, as if no earlier filter rejected a sample.
    """
    max_requests: int | None
    """The most requests for the output, by all its runs and workers; null: any number."""


def service_uses(plan: Plan, first: FirstShard | None) -> tuple[ServiceUse, ...]:
    """Return what each filter that asks a service sends there, in the order of the job."""
    work = plan.work
    stages = {
        name: stage
        for name, stage in filters_to_run(work.job, work.resolved.filters_from).items()
        if isinstance(stage, ServiceFilter)
    }
    samples = _samples(plan, first) if stages else None
    return tuple(
        ServiceUse(
            filter=name,
            service=stage.service,
            sends=stage.sends,
            requests=_requests(stage, samples, first, work) if first and samples else None,
            max_requests=stage.max_requests,
        )
        for name, stage in stages.items()
    )


def _samples(plan: Plan, first: FirstShard | None) -> int | None:
    """Estimate the samples of the pending units from the bytes of those looked at."""
    if first is None or not first.samples or not first.bytes_read:
        return None
    return round(sum_sizes(plan.pending) * first.samples / first.bytes_read)


def _requests(stage: ServiceFilter, samples: int, first: FirstShard, work: ResolvedJob) -> int:
    applies_to = stage.applies_to if isinstance(stage, TextFilter) else "source"
    texts = 0.0
    if applies_to != "generated":
        texts = 1 + sum(  # the key, and what the samples of the first shard have
            number / first.samples for source, number in first.takes.items() if source != "image"
        )
        if work.job.input.key is not None:  # it is among what the samples have
            texts -= 1
    answers = len(work.job.tasks) if applies_to != "source" else 0
    return stage.count_requests(samples, texts, answers)
