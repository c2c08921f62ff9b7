"""The order in which the filters of a job run."""

from filters import TextFilter
from filters.base import running_order
from pipelines.planning.filters_from import filters_to_run
from pipelines.planning.resolved_job import ResolvedJob


def filter_order(work: ResolvedJob) -> dict[str, list[str]]:
    """Return the names of the filters by what they judge, in the order of their runs.

    The keys are `bytes` (image files), `fields` (carried columns), `texts`, `header` (image sizes),
    `frames` (pixels) and `answers`, as far as the job has such filters.
    """
    filters = filters_to_run(work.job, work.resolved.filters_from)
    groups: dict[str, list[str]] = {}
    for name, reads in running_order(filters).items():
        groups.setdefault(reads, []).append(name)
    if work.job.tasks:
        for name, stage in filters.items():
            if isinstance(stage, TextFilter) and stage.applies_to != "source":
                groups.setdefault("answers", []).append(name)
    return groups
