"""`shardmill run`: a run from its plan to its summary."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import Literal, TypeVar

from pipelines.annotation.worker_faults import worker_faults
from pipelines.claims.claim_counts import ClaimCounts
from pipelines.claims.protocol import BEATS
from pipelines.claims.run_claims import RunClaims
from pipelines.claims.shares import Share
from pipelines.concurrency.interruption import stop_within
from pipelines.concurrency.preemption import watch_for_notice
from pipelines.config.job import Job
from pipelines.logs.log import set_run
from pipelines.metrics.export import exported
from pipelines.metrics.run_metrics import RunMetrics
from pipelines.operations.advice import NULL_COLUMN
from pipelines.operations.finish import close_output, summarize, write_summary
from pipelines.operations.forget import finish_forgetting
from pipelines.operations.forget import forget_missing as drop_missing
from pipelines.operations.tally import RunTally, new_run_id
from pipelines.operations.work_log import WorkLog
from pipelines.output.active_runs import find_active_runs
from pipelines.output.counts import CountsWriter
from pipelines.output.creation_probe import check_folder_creates_once
from pipelines.output.heartbeat import Heartbeat
from pipelines.output.output import open_output
from pipelines.planning.begin import create_record, write_manifest
from pipelines.planning.plan import Plan, plan
from pipelines.runners.runner import RUNNERS
from pipelines.storage.object_counts import take_counts
from pipelines.storage.storage import Storage
from schemas.errors import JobError, TooManyErrors, WorkerFault
from schemas.report import OnProgress, Outcome, Summary, UnitReport
from schemas.sample import Unit

T = TypeVar("T")
OnReport = Callable[[UnitReport], None]

# Samples of a run from which on a reason that takes nearly all of them is told: during the run, and
# at its end.
_MIN_SAMPLES, _FEW_SAMPLES = 1000, 20
_MAX_STARTS = 10  # plans of a job whose output other runs begin in the meantime
_OUTCOMES: Mapping[type[BaseException], Outcome] = {  # of a run that an exception ends
    KeyboardInterrupt: "interrupted",
    TooManyErrors: "stopped",
    WorkerFault: "worker_fault",
}


def run(
    job: Job,
    *,
    limit_units: int | None = None,
    choose: Callable[[Plan], Sequence[Unit]] = lambda plan: plan.pending,
    storage: Storage | None = None,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
    on_report: OnReport = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
    forget_missing: bool = False,
    share: Share | None = None,
    wait: bool = True,
) -> Summary:
    """Run the pending units of a job, or the units that `choose` picks, and summarize the output.

    Units that other runs work on are left to them; with `wait`, this run ends when they are done,
    and takes over those of a run that dies. With a `share`, only its units are run.
    With `limit_units`, only the first units are run. With `forget_missing`, the rows of shards that
    are gone are dropped first. Failed units are listed in the summary. Raises
    JobError if the job is wrong, WorkerFault if this machine fails, and TooManyErrors if too many
    samples or units are bad; KeyboardInterrupt passes through. However a run ends, the next run
    continues its work. The numbers of the run are exported as the job's `metrics` says.
    """
    metrics = RunMetrics(job=job.name)
    with exported(job.metrics, metrics):
        try:
            summary = _run(
                job,
                limit_units=limit_units,
                choose=choose,
                storage=storage,
                on_plan=_both(metrics.on_plan, on_plan),
                on_progress=_both(metrics.on_progress, on_progress),
                on_report=_both(metrics.on_report, on_report),
                on_warning=on_warning,
                forget_missing=forget_missing,
                share=share,
                wait=wait,
                claim_counts=metrics.claims,
            )
        except BaseException as error:
            metrics.on_error(_outcome_of(error))
            raise
        metrics.on_summary(summary)
    return summary


def _both(first: Callable[[T], None], second: Callable[[T], None]) -> Callable[[T], None]:
    """Return a function that calls two functions with its argument."""

    def call(argument: T) -> None:
        first(argument)
        second(argument)

    return call


def _outcome_of(error: BaseException) -> Outcome | Literal["error"]:
    """Return the outcome of a run that an exception ends."""
    return next((name for kind, name in _OUTCOMES.items() if isinstance(error, kind)), "error")


def _run(
    job: Job,
    *,
    limit_units: int | None,
    choose: Callable[[Plan], Sequence[Unit]],
    storage: Storage | None,
    on_plan: Callable[[Plan], None],
    on_progress: OnProgress,
    on_report: OnReport,
    on_warning: Callable[[str], None],
    forget_missing: bool,
    share: Share | None,
    wait: bool,
    claim_counts: ClaimCounts,
) -> Summary:
    """Run a job without its metrics; the arguments are those of `run`."""
    storage = storage or job.open_storage()
    take_counts()  # of what this process did before
    stop_within(job.runner.stop_seconds)
    if forget_missing:
        drop_missing(job, storage, new_run_id(), on_warning)
    with ExitStack() as running:
        started = time.monotonic()
        planned, tally, begun = _begin(job, storage, running, on_warning)
        set_run(tally.run)
        on_plan(planned)
        if planned.decisions is not None:
            for line in planned.decisions.lines():
                on_warning(f"decisions: {line}")
        if isinstance(begun, Summary):
            return begun
        layout = planned.work.layout
        _tell_of_others(planned, tally.run, storage, on_warning)
        claims = RunClaims(
            tally.run,
            started,
            waits=wait,
            alone=share is not None,
            on_wait=on_warning,
            counts=claim_counts,
        )
        running.enter_context(claims.active())
        notice = job.runner.preemption
        running.enter_context(watch_for_notice(notice.file, notice.url))
        work = WorkLog(begun, planned)
        counts = CountsWriter(layout, storage, tally.run, planned.work.fingerprint)
        try:
            warned = False
            runner = RUNNERS[job.runner.kind]
            units = choose(planned)
            units = (share.of(planned, units) if share else units)[:limit_units]
            show = _both(work.on_progress, on_progress)
            with closing(runner(planned, units, storage, show, claims)) as reports:
                for report in reports:
                    tally.add(report)
                    work.on_report(report)
                    with worker_faults():
                        counts.add_report(report)
                    on_report(report)
                    warned = warned or _warn(on_warning, tally.main_reason(_MIN_SAMPLES))
                    tally.check(job.max_error_rate)
        except (KeyboardInterrupt, TooManyErrors, WorkerFault) as error:
            outcome = next(name for kind, name in _OUTCOMES.items() if isinstance(error, kind))
            committed = len(planned.units) - len(planned.pending) + tally.units
            with suppress(OSError):  # the storage may be what failed; the run's own error is told
                write_summary(tally.summary(outcome, planned.units, committed), layout, storage)
                counts.flush()
                claims.close()
            raise
        counts.flush()
    summary = close_output(tally, open_output(layout.root, storage))
    claims.close()
    if summary.counts and summary.counts.kept:
        warned = warned or _warn(on_warning, tally.main_reason(_FEW_SAMPLES))
        for column in summary.counts.null_columns():
            on_warning(f"{column}: {NULL_COLUMN}")
    return summary


def _tell_of_others(
    planned: Plan, run: str, storage: Storage, on_warning: Callable[[str], None]
) -> None:
    """Tell which other runs are at work in the output; the run has begun its heartbeat just now."""
    layout = planned.work.layout
    own = layout.heartbeat(run)
    for other in find_active_runs(layout, planned.listing.heartbeats, storage, written=own):
        on_warning(
            f"another run seems to be at work since {other.since:%Y-%m-%d %H:%M} UTC, on "
            f"{other.host}: the runs share the shards"
        )


def _warn(on_warning: Callable[[str], None], warning: str | None) -> bool:
    """Pass a warning on; return whether there is one."""
    if warning is not None:
        on_warning(warning)
    return warning is not None


def _begin(
    job: Job, storage: Storage, running: ExitStack, on_notice: Callable[[str], None]
) -> tuple[Plan, RunTally, Summary | Heartbeat]:
    """Plan a job, and begin its output or join the runs that did.

    A heartbeat of this run is in the output before its record is, so that no other job takes the
    output for one that nobody works on; `running` ends the heartbeat. Returns the summary if
    the output was finished before: then nothing is written.
    """
    for _ in range(_MAX_STARTS):
        planned = plan(job, storage, on_notice)
        work = planned.work
        tally = RunTally(work.record, planned.changed, planned.growth)
        if planned.unfinished:
            finish_forgetting(planned, storage, tally.run, on_notice)
            continue
        is_same = planned.new_record is None  # no shard moved, or has a new version
        if is_same and not planned.pending and planned.listing.has_success_file:
            summary = summarize(tally, planned.output(storage))
            if summary.outcome == "complete":
                return planned, tally, summary
        check_folder_creates_once(work.layout, storage)  # as this machine mounts it
        write_manifest(planned, storage)
        check = partial(work.check_output, storage)
        interval = job.runner.claim_seconds / BEATS
        path = work.layout.heartbeat(tally.run)
        beat = Heartbeat(path, storage, work.record_number, check, interval)
        with ExitStack() as beating:
            beating.enter_context(beat)
            # Before the record names units that are not committed. A file that was not listed is
            # of a run that has completed the output since.
            is_listed = planned.listing.has_success_file or not is_same
            if planned.pending and not planned.is_new and is_listed:
                storage.delete(work.layout.success)
            try:
                create_record(planned, storage)
            except FileExistsError:  # another run began the output: join it, or be refused
                continue
            running.push(beating.pop_all())
            return planned, tally, beat
    raise JobError(f"output: {work.layout.root} is begun by other runs again and again: run again")
