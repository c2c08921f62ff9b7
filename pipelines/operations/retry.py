"""`shardmill retry`: runs failed units again and, on request, units with bad samples."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from pydantic import TypeAdapter

from pipelines.config.job import Job
from pipelines.config.recorded import read_recorded
from pipelines.operations.run import OnReport, run
from pipelines.output.footers import read_counts
from pipelines.output.output import Output, open_output
from pipelines.planning.plan import Plan
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.storage import Storage
from schemas.report import OnProgress, Summary
from schemas.sample_status import SampleStatus


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """The units to run again, and the files to delete first."""

    output: Output
    job: Job
    failed: frozenset[str]  # units reported failed and not committed since
    bad: frozenset[str]  # units with committed samples of a bad status
    files: tuple[str, ...]  # of the bad units, relative to the output


def find_retry(
    output: str, statuses: Collection[SampleStatus] = (), storage: Storage | None = None
) -> RetryPlan:
    """Find the failed units, and the units with samples of any of the statuses; delete nothing.

    Raises JobError if the folder is no output, or a file in it is damaged.
    """
    opened = open_output(output, storage)
    listing = opened.listing
    progress_by_unit = listing.progress_by_unit if statuses else {}
    unit_of_file = {
        file: unit for unit, progress in progress_by_unit.items() for file in progress.files
    }

    def has_bad_samples(file: str) -> bool:
        counts = read_counts(opened.storage, opened.layout.file(file)).by_status()
        return any(counts[status] for status in statuses)

    are_bad = zip(
        unit_of_file.values(), read_concurrently(has_bad_samples, unit_of_file), strict=True
    )
    bad = frozenset(unit for unit, is_bad in are_bad if is_bad)
    return RetryPlan(
        opened,
        _recorded_job(opened),
        failed=listing.failed - listing.complete_units,
        bad=bad,
        files=tuple(file for unit in sorted(bad) for file in progress_by_unit[unit].files),
    )


def retry(
    planned: RetryPlan,
    *,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
    on_report: OnReport = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Delete the files of bad units, then run the bad and the failed units.

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
        storage=storage,
        choose=lambda plan: tuple(unit for unit in plan.pending if unit.name in names),
        on_plan=on_plan,
        on_progress=on_progress,
        on_report=on_report,
        on_warning=on_warning,
    )


def _recorded_job(output: Output) -> Job:
    """Return the job that began the output, with the output's current path."""
    record = {key: value for key, value in output.record.items() if key != "resolved"}
    return read_recorded(
        TypeAdapter(Job),
        {**record, "output": output.layout.root},
        f"{output.layout.root}: was begun by another version, or with filters or tasks of your "
        "own: delete what is to be done again, and run the job",
    )
