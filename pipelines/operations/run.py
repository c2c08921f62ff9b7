"""`shardmill run`: a run from its plan to its summary."""

from collections.abc import Callable, Mapping
from contextlib import closing

from pipelines.config.job import Job
from pipelines.operations.finish import close_output, summarize, write_summary
from pipelines.operations.tally import RunTally
from pipelines.output.heartbeat import Heartbeat, find_active_runs
from pipelines.output.output import Output, open_output
from pipelines.planning.plan import Plan, begin_output, plan
from pipelines.runners.runner import RUNNERS
from pipelines.storage.resolve import storage_for
from pipelines.storage.storage import Storage
from schemas.errors import TooManyErrors, WorkerFault
from schemas.report import OnProgress, Outcome, Summary, UnitReport
from schemas.sample import Unit

OnReport = Callable[[UnitReport], None]

_OUTCOMES: Mapping[type[BaseException], Outcome] = {  # of a run that an exception ends
    KeyboardInterrupt: "interrupted",
    TooManyErrors: "stopped",
    WorkerFault: "worker_fault",
}


def run(
    job: Job,
    *,
    limit_units: int | None = None,
    choose: Callable[[Plan], tuple[Unit, ...]] = lambda plan: plan.pending,
    storage: Storage | None = None,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
    on_report: OnReport = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Run the pending units of a job, or the units that `choose` picks, and summarize the output.

    With `limit_units`, only the first units are run. Failed units are listed in the summary. Raises
    JobError if the job is wrong, WorkerFault if this machine fails, and TooManyErrors if too many
    samples or units are bad; KeyboardInterrupt passes through. However a run ends, the next run
    continues its work.
    """
    storage = storage or storage_for(job.output)
    planned = plan(job, storage)
    on_plan(planned)
    layout, record = planned.work.layout, planned.work.record
    tally = RunTally(record)
    if not planned.pending and planned.listing.has_success_file:  # finished before: write nothing
        return summarize(tally, Output(storage, layout, record, planned.units, planned.listing))
    if planned.is_new:
        begin_output(planned, storage)
    for other in find_active_runs(layout, planned.listing.heartbeats, storage):
        on_warning(
            f"another run seems to be at work since {other.since:%Y-%m-%d %H:%M} UTC, on "
            f"{other.host}: two do no harm, but work twice"
        )
    if planned.pending:
        storage.delete(layout.success)
    with Heartbeat(layout.heartbeat(tally.run), storage):
        try:
            runner = RUNNERS[job.runner.kind]
            units = choose(planned)[:limit_units]
            with closing(runner(planned, units, storage, on_progress)) as reports:
                for report in reports:
                    tally.add(report)
                    on_report(report)
                    tally.check(job.max_error_rate)
        except (KeyboardInterrupt, TooManyErrors, WorkerFault) as error:
            outcome = next(name for kind, name in _OUTCOMES.items() if isinstance(error, kind))
            committed = len(planned.units) - len(planned.pending) + tally.units
            write_summary(tally.summary(outcome, len(planned.units), committed), layout, storage)
            raise
    return close_output(tally, open_output(layout.root, storage))
