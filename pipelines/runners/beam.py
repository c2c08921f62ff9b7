"""The Beam runner: a pipeline distributes units as its elements; reports come back as files.

A retried bundle repeats no committed unit, because the unit's files show that it is complete.
Requests to a bucket cost money, so a unit that nobody has begun is looked up by one request, and
reports for an output in a bucket are written together.
"""

import os
import re
import secrets
import threading
import weakref
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult, PipelineState
from apache_beam.utils.shared import Shared

from pipelines.config.runners import BeamRunnerConfig
from pipelines.config.secrets import from_environment
from pipelines.output.layout import whole_file
from pipelines.output.unit_progress import UnitProgress, find_attempts, find_unit_progress
from pipelines.planning.plan import Plan
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.runners.report_files import ReportReader, ReportWriter
from pipelines.runners.worker import AttemptExists, Worker
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, Progress, UnitReport
from schemas.sample import Unit
from schemas.sample_status import SAMPLE_STATUSES

COMMITTED, FAILED = "committed", "failed"  # outputs of AnnotateUnit

_NAMESPACE = "shardmill"  # of the metrics
# Matches our own exceptions in the message of a failed pipeline; the last match is the innermost.
_FAULT = re.compile(r"schemas\.errors\.(\w+): (.*?)(?: \[while running|\n|$)")

_RELEASE_SECONDS = 30.0  # for a worker to release its unit, which happens at the next block

_abandoned: set[str] = set()  # runs of this process that were interrupted
_workers_here: "weakref.WeakSet[_SharedWorker]" = weakref.WeakSet()


def run_beam(
    plan: Plan, units: Sequence[Unit], storage: Storage, on_progress: OnProgress
) -> Generator[UnitReport, None, None]:
    """Run the units in a pipeline; yield each unit's report as soon as its file appears.

    `on_progress` is never called: Beam forwards nothing from a unit that is running. Closing the
    generator cancels the pipeline.
    """
    if not units:
        return
    run = secrets.token_hex(8)
    work = plan.work
    settings = work.job.runner
    assert isinstance(settings, BeamRunnerConfig)
    pipeline = beam.Pipeline(options=_options(settings))
    attempts = plan.listing.attempts
    begun = (u.name for u in units if u.name in attempts or plan.progress_of(u).files)
    step = AnnotateUnit(work, storage, run, frozenset(begun))
    annotate_units(pipeline, units, step, settings)
    driver = _Driver(pipeline, run)
    reports = ReportReader(work.layout, storage, (unit.name for unit in units))
    markers: list[str] = []
    reports.clear()
    driver.start()
    try:
        while True:
            has_ended = driver.ended.wait(reports.interval)
            for report in reports.new():
                if _keeps_marker(report):
                    markers.append(work.layout.attempt(report.unit, 1))
                yield report
            if has_ended:
                break
    finally:
        if not driver.ended.is_set():
            driver.abandon()
        storage.delete_many(markers)  # no bundle is retried any more
    driver.raise_fault()


class AnnotateUnit(beam.DoFn):  # type: ignore[misc]
    """A DoFn that annotates a unit and emits its report to the output `committed` or `failed`.

    A unit that is already complete gives no report. All threads of a process share one worker,
    which loads filters and engine once and runs one unit at a time.
    """

    def __init__(
        self, work: ResolvedJob, storage: Storage, run: str, begun: frozenset[str] = frozenset()
    ) -> None:
        """Annotate units of a run; `begun` names those with files or attempts of earlier runs."""
        self._work = work
        self._storage = storage
        self._run = run
        self._begun = begun
        self._shared = Shared()

    def setup(self) -> None:
        self._worker = self._shared.acquire(lambda: _SharedWorker(self._work, self._storage))

    def process(self, unit: Unit) -> Iterator[object]:
        with self._worker.lock:
            if self._run in _abandoned:
                raise WorkerFault("the run was interrupted")
            try:
                report = self._annotate(unit)
                if report is not None:
                    self._worker.reports.add(report)
            except BaseException as error:
                with suppress(OSError):  # the storage may be what failed
                    self._worker.reports.flush()
                if isinstance(error, KeyboardInterrupt):
                    raise WorkerFault("the run was interrupted") from None
                raise
        if report is None:
            Metrics.counter(_NAMESPACE, "units_found_done").inc()
            return
        _count(report)
        yield report if report.status == COMMITTED else beam.pvalue.TaggedOutput(FAILED, report)

    def finish_bundle(self) -> None:
        with self._worker.lock:
            self._worker.reports.flush()

    def _annotate(self, unit: Unit) -> UnitReport | None:
        """Annotate a unit; return None if it is complete already.

        A unit that this run begins is complete or has a marker when its bundle is retried.
        """
        layout = self._work.layout
        worker: Worker = self._worker.worker
        if unit.name not in self._begun:
            if self._storage.entry(layout.file(whole_file(unit.name))) is not None:
                return None
            with suppress(AttemptExists):
                report = worker.run(unit, UnitProgress(), 0, self._check_abandoned, first=True)
                if _keeps_marker(report):
                    marker = layout.attempt(unit.name, 1)
                    self._storage.write_bytes(marker, b"", durable=False)
                return report
        unit_progress = find_unit_progress(unit.name, layout, self._storage)
        if unit_progress.complete:
            return None
        attempts = find_attempts(unit.name, layout, self._storage)
        return worker.run(unit, unit_progress, attempts, self._check_abandoned)

    def _check_abandoned(self, _: Progress) -> None:
        if self._run in _abandoned:
            raise KeyboardInterrupt


def _keeps_marker(report: UnitReport) -> bool:
    """Return whether a marker of the first attempt stays until the end of the run.

    Without it, nothing would tell a retried bundle to look for the several files of a unit.
    """
    return report.status == COMMITTED and len(report.files) > 1


class _SharedWorker:
    """The one worker of a process, its reports, and the lock that its threads take to use it."""

    def __init__(self, work: ResolvedJob, storage: Storage) -> None:
        threads = work.job.runner.decode_threads or len(os.sched_getaffinity(0))
        self.worker = Worker(work, storage, threads)
        self.lock = threading.Lock()
        self.reports = ReportWriter(work.layout, storage)
        weakref.finalize(self, self.worker.close)
        _workers_here.add(self)


def _count(report: UnitReport) -> None:
    Metrics.counter(_NAMESPACE, f"units_{report.status}").inc()
    for status in ("read", *SAMPLE_STATUSES):
        Metrics.counter(_NAMESPACE, f"samples_{status}").inc(getattr(report.counts, status))
    for reason, number in report.counts.reasons.items():
        Metrics.counter(_NAMESPACE, f"reason_{reason}").inc(number)
    Metrics.distribution(_NAMESPACE, "unit_samples").update(report.counts.read)
    Metrics.distribution(_NAMESPACE, "unit_milliseconds").update(round(report.seconds * 1000))


def annotate_units(
    pipeline: beam.Pipeline, units: Sequence[Unit], step: AnnotateUnit, settings: BeamRunnerConfig
) -> beam.pvalue.DoOutputsTuple:
    """Add the steps to a pipeline; return its outputs: unit reports, `committed` and `failed`."""
    annotating = beam.ParDo(step)
    if settings.resource_hints:
        annotating = annotating.with_resource_hints(**settings.resource_hints)
    return (
        pipeline
        | "Units" >> beam.Create(list(units))
        | "Spread" >> beam.Reshuffle()
        | "AnnotateUnit" >> annotating.with_outputs(FAILED, main=COMMITTED)
    )


class _Driver(threading.Thread):
    """A thread that runs the pipeline, while another thread collects the reports."""

    def __init__(self, pipeline: beam.Pipeline, run: str) -> None:
        super().__init__(name="beam", daemon=True)
        self._pipeline = pipeline
        self._run = run
        self._result: PipelineResult | None = None
        self._fault: BaseException | None = None
        self.ended = threading.Event()  # is_alive() can be False after an interrupted join()

    def run(self) -> None:
        try:
            self._result = self._pipeline.run()
            state = self._result.wait_until_finish()
            if state != PipelineState.DONE:
                raise WorkerFault(f"the Beam pipeline ended as {state}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - raise_fault raises it
            self._fault = error
        finally:
            self.ended.set()

    def abandon(self) -> None:
        """Cancel the pipeline; wait until the workers of this process have released their units.

        The wait for each worker ends after `_RELEASE_SECONDS`.
        """
        _abandoned.add(self._run)
        if self._result is not None:
            self._result.cancel()
        for shared in list(_workers_here):
            if shared.lock.acquire(timeout=_RELEASE_SECONDS):
                shared.lock.release()

    def raise_fault(self) -> None:
        """Raise the pipeline's exception, if there is one, as JobError or WorkerFault.

        Beam's own messages contain whole stack traces, from which only our message is taken.
        """
        if self._fault is None:
            return
        raised = type(self._fault)
        matches = _FAULT.findall(f"{raised.__module__}.{raised.__name__}: {self._fault}")
        kind, message = "", f"Beam raised {raised.__name__}: see its log"
        if matches:
            kind, message = matches[-1]
        raise (JobError if kind == "JobError" else WorkerFault)(message) from None


def _options(settings: BeamRunnerConfig) -> PipelineOptions:
    given = [from_environment(option, "runner.options") for option in settings.options]
    try:
        options = PipelineOptions(given)
        options.get_all_options()  # makes Beam parse all options now
    except SystemExit:  # argparse has printed the reason
        raise JobError("runner.options: Beam does not take them, for the reason above") from None
    return options
