"""`shardmill run`: a run from its plan to its summary."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from typing import Literal

from pipelines.annotation.worker_faults import worker_faults
from pipelines.claims.claim_counts import ClaimCounts
from pipelines.claims.protocol import BEATS
from pipelines.claims.run_claims import RunClaims
from pipelines.claims.shares import Share
from pipelines.concurrency.interruption import stop_within
from pipelines.concurrency.preemption import stop_process, watch_for_notice
from pipelines.config.job import Job
from pipelines.logs.log import log, set_run
from pipelines.metrics.export import exported
from pipelines.metrics.run_metrics import RunMetrics
from pipelines.operations.evaluating.evaluate_job import OnEvaluated, evaluate_job
from pipelines.operations.finish import close_output, summarize, write_summary
from pipelines.operations.running.advice import NULL_COLUMN
from pipelines.operations.running.drift import DriftWatch
from pipelines.operations.running.forget_missing import finish_forgetting
from pipelines.operations.running.forget_missing import forget_missing as drop_missing
from pipelines.operations.running.golden import check_golden_set
from pipelines.operations.running.run_options import (
    OnReport,
    RunListener,
    RunScope,
    both,
    ignore,
    pending,
)
from pipelines.operations.running.tally import RunTally, new_run_id
from pipelines.operations.running.work_log import WorkLog
from pipelines.output.active_runs import find_active_runs, name_hosts
from pipelines.output.counts import CountsWriter
from pipelines.output.creation_probe import check_folder_creates_once
from pipelines.output.heartbeat import Heartbeat
from pipelines.output.output import open_output
from pipelines.planning.begin import create_record, write_manifest
from pipelines.planning.plan import Plan, plan
from pipelines.runners.runner import RUNNERS
from pipelines.storage.object_counts import take_counts
from pipelines.storage.storage import Storage
from schemas.errors import AnswersDrifted, GoldenSetFailed, JobError, TooManyErrors, WorkerFault
from schemas.report import Counts, OnProgress, Outcome, Summary
from schemas.sample import Unit

# Samples of a run from which on a reason that takes nearly all of them is told: during the run, and
# at its end.
_MIN_SAMPLES, _FEW_SAMPLES = 1000, 20
_MAX_STARTS = 10  # plans of a job whose output other runs begin in the meantime
_OUTCOMES: Mapping[type[BaseException], Outcome] = {  # of a run that an exception ends
    KeyboardInterrupt: "interrupted",
    TooManyErrors: "stopped",
    GoldenSetFailed: "stopped",
    AnswersDrifted: "stopped",
    WorkerFault: "worker_fault",
}


def run(
    job: Job,
    *,
    limit_units: int | None = None,
    choose: Callable[[Plan], Sequence[Unit]] = pending,
    storage: Storage | None = None,
    on_plan: Callable[[Plan], None] = ignore,
    on_progress: OnProgress = ignore,
    on_report: OnReport = ignore,
    on_warning: Callable[[str], None] = ignore,
    on_evaluated: OnEvaluated = ignore,
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
    samples or units are bad, and GoldenSetFailed if the job's `canary` requires more than its
    answers reach; KeyboardInterrupt passes through. However a run ends, the next run
    continues its work. The numbers of the run are exported as the job's `metrics` says.
    """
    scope = RunScope(limit_units, choose, share, wait, forget_missing)
    listener = RunListener(on_plan, on_progress, on_report, on_warning, on_evaluated)
    metrics = RunMetrics(job=job.name)
    with exported(job.metrics, metrics):
        try:
            storage = storage or job.open_storage()
            summary = _run(job, scope, storage, listener.after(metrics), metrics.claims)
        except BaseException as error:
            metrics.on_error(_outcome_of(error))
            raise
        metrics.on_summary(summary)
    return summary


def _outcome_of(error: BaseException) -> Outcome | Literal["error"]:
    """Return the outcome of a run that an exception ends."""
    return next((name for kind, name in _OUTCOMES.items() if isinstance(error, kind)), "error")


def _run(
    job: Job,
    scope: RunScope,
    storage: Storage,
    listener: RunListener,
    claim_counts: ClaimCounts,
) -> Summary:
    """Run a job without its metrics."""
    take_counts()  # of what this process did before
    stop_within(job.runner.stop_seconds)
    on_warning = listener.on_warning
    if scope.forget_missing:
        drop_missing(job, storage, new_run_id(), on_warning)
    with ExitStack() as running:
        started = time.monotonic()
        planned, tally, begun = _begin(job, storage, running, on_warning)
        set_run(tally.run)
        listener.on_plan(planned)
        for line in planned.decisions.lines() if planned.decisions else ():
            on_warning(f"decisions: {line}")
        evaluate = _evaluating(job, planned, listener)
        if isinstance(begun, Summary):
            evaluate(planned.output(storage), only_missing=True)
            return begun
        layout = planned.work.layout
        _tell_of_others(planned, tally.run, storage, on_warning)
        _check_golden_set(planned, tally.run, storage)
        claims = RunClaims(
            tally.run,
            started,
            waits=scope.wait,
            alone=scope.share is not None,
            on_wait=on_warning,
            counts=claim_counts,
        )
        running.enter_context(claims.active())
        notice = job.runner.preemption
        running.enter_context(
            watch_for_notice(notice.file, notice.url, lambda: _stop_as_announced(on_warning))
        )
        work = WorkLog(begun, planned)
        counts = CountsWriter(layout, storage, tally.run, planned.work.fingerprint)
        try:
            warned = False
            runner = RUNNERS[job.runner.kind]()
            show = both(work.on_progress, listener.on_progress)
            drift = running.enter_context(closing(DriftWatch(planned, tally.run, storage)))
            with closing(runner(planned, scope.units(planned), storage, show, claims)) as reports:
                for report in reports:
                    tally.add(report)
                    work.on_report(report)
                    with worker_faults():
                        counts.add_report(report)
                    listener.on_report(report)
                    drift.add(report)
                    warned = warned or _warn(on_warning, tally.main_reason(_MIN_SAMPLES))
                    tally.check(job.max_error_rate)
        except tuple(_OUTCOMES) as error:
            with suppress(OSError):  # the storage may be what failed; the run's own error is told
                write_summary(_early_summary(tally, planned, error), layout, storage)
                counts.flush()
                claims.close()
            raise
        counts.flush()
    summary = close_output(tally, open_output(layout.root, storage), evaluate)
    claims.close()
    if summary.counts and summary.counts.kept:
        _warn_at_end(
            on_warning, summary.counts, None if warned else tally.main_reason(_FEW_SAMPLES)
        )
    return summary


def _early_summary(tally: RunTally, planned: Plan, error: BaseException) -> Summary:
    """Summarize a run that an exception ends."""
    outcome = next(name for kind, name in _OUTCOMES.items() if isinstance(error, kind))
    committed = len(planned.units) - len(planned.pending) + tally.units
    return tally.summary(outcome, planned.units, committed)


def _warn_at_end(on_warning: Callable[[str], None], counts: Counts, reason: str | None) -> None:
    """Warn of a reason that takes nearly all samples, and of columns without any value."""
    _warn(on_warning, reason)
    for column in counts.null_columns():
        on_warning(f"{column}: {NULL_COLUMN}")


def _evaluating(job: Job, planned: Plan, listener: RunListener) -> Callable[..., None]:
    """Return the function that evaluates a complete output of the job."""
    return partial(
        evaluate_job,
        evaluations=job.evaluations,
        on_evaluated=listener.on_evaluated,
        on_warning=listener.on_warning,
        folder=planned.work.folder,
    )


def _check_golden_set(planned: Plan, run: str, storage: Storage) -> None:
    """Raise GoldenSetFailed if the golden set falls short; units that are committed need none."""
    if planned.pending:
        check_golden_set(planned, storage, partial(_annotate_golden_set, storage=storage))
        set_run(run)  # annotating is a run of its own


def _annotate_golden_set(job: Job, storage: Storage) -> Summary:
    """Run the job over a golden set to its end, together with other runs that do the same."""
    listener = RunListener(on_warning=lambda line: log("warning", f"golden set: {line}"))
    return _run(job, RunScope(), storage, listener, ClaimCounts())


def _tell_of_others(
    planned: Plan, run: str, storage: Storage, on_warning: Callable[[str], None]
) -> None:
    """Tell which other runs are at work in the output; the run has begun its heartbeat just now."""
    layout = planned.work.layout
    own = layout.heartbeat(run)
    heartbeats = planned.listing.heartbeats
    others = find_active_runs(layout, heartbeats, storage, written=own)
    if others:
        runs = "another run seems" if len(others) == 1 else f"{len(others):,} other runs seem"
        since = f"since {others[0].since:%Y-%m-%d %H:%M} UTC"
        hosts = name_hosts(others)
        on_warning(f"{runs} to be at work {since}, on {hosts}: the runs share the shards")


def _stop_as_announced(on_warning: Callable[[str], None]) -> None:
    """Tell why the run ends, and end it as SIGTERM does."""
    try:
        on_warning("runner.preemption: this machine will be taken away: the run stops")
    finally:
        stop_process()


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
