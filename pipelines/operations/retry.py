"""`shardmill retry`: runs failed units again and, on request, bad samples and changed shards."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import tee

from pipelines.config.job import Job
from pipelines.operations.evaluating.evaluate_job import OnEvaluated
from pipelines.operations.run import run
from pipelines.operations.running.run_options import OnReport
from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.output.footers import read_footers
from pipelines.output.output import Output, open_output
from pipelines.output.recorded_storage import recorded_storage
from pipelines.planning.plan import Plan, plan
from pipelines.storage.storage import Storage
from schemas.report import OnProgress, Summary
from schemas.sample_status import SampleStatus
from schemas.units import count_shards


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """The units to run again, and the files to delete first."""

    output: Output
    job: Job
    failed: frozenset[str]  # units reported failed and not committed since
    bad: frozenset[str]  # units with committed samples of a bad status
    changed: frozenset[str]  # shards that changed since rows of them were committed
    files: tuple[str, ...]  # of the bad units and changed shards, relative to the output

    def count_shards(self, names: Collection[str]) -> int:
        """Count the shards of the units with these names."""
        return count_shards(unit for unit in self.output.units if unit.name in names)


def find_retry(
    output: str,
    statuses: Collection[SampleStatus] = (),
    storage: Storage | None = None,
    *,
    changed: bool = False,
) -> RetryPlan:
    """Find the failed units, and the units with samples of any of the statuses; delete nothing.

    With `changed`, find the shards too that changed since rows of them were committed. Raises
    JobError if the folder is no output, or a file in it is damaged.
    """
    opened = open_output(output, storage)
    job = recorded_job(opened)
    bad = _bad_units(opened, statuses) if statuses else frozenset()
    shards = frozenset(plan(job, recorded_storage(opened)).changed) if changed else frozenset()
    again = [unit for unit in opened.units if unit.name in bad or unit.shard in shards]
    return RetryPlan(
        opened,
        job,
        failed=frozenset(u for u in opened.listing.failed if not opened.listing.is_complete(u)),
        bad=bad,
        changed=shards,
        files=tuple(file for unit in again for file in opened.progress_of(unit).files),
    )


def _bad_units(output: Output, statuses: Collection[SampleStatus]) -> frozenset[str]:
    """Return the units with committed samples of any of the statuses."""
    names, files = tee(
        (unit, file) for unit, progress in output.listing.committed() for file in progress.files
    )
    footers = read_footers(output.storage, output.layout, (file for _, file in files))
    return frozenset(
        unit
        for (unit, _), footer in zip(names, footers, strict=True)
        if any(footer.counts.by_status()[status] for status in statuses)
    )


def retry(
    planned: RetryPlan,
    *,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
    on_report: OnReport = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
    on_evaluated: OnEvaluated = lambda _: None,
) -> Summary:
    """Delete the files of bad units and changed shards, then run these and the failed units.

    An interruption loses nothing: the next run does what is missing. Raises the same errors as
    `run`.
    """
    storage, layout = planned.output.storage, planned.output.layout
    if planned.files:
        storage.delete(layout.success)  # first, because it says that every unit is committed
    for file in reversed(planned.files):  # last part first: the remaining parts stay without a gap
        storage.delete(layout.file(file))
    names = planned.failed | planned.bad
    return run(
        planned.job,
        storage=recorded_storage(planned.output),
        choose=lambda plan: tuple(
            unit for unit in plan.pending if unit.name in names or unit.shard in planned.changed
        ),
        on_plan=on_plan,
        on_progress=on_progress,
        on_report=on_report,
        on_warning=on_warning,
        on_evaluated=on_evaluated,
    )
