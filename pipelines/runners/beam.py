"""The Beam runner: a pipeline distributes units as its elements; reports come back as files.

A retried bundle repeats no committed unit, because the unit's files show that it is complete.
"""

import os
import re
import secrets
import threading
import weakref
from collections.abc import Generator, Iterator, Sequence

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineResult, PipelineState
from apache_beam.utils.shared import Shared

from pipelines.config.runners import BeamRunnerConfig
from pipelines.config.secrets import from_environment
from pipelines.output.unit_progress import find_attempts, find_unit_progress
from pipelines.planning.plan import Plan
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.runners.worker import Worker
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, Progress, UnitReport
from schemas.sample import Unit
from schemas.sample_status import SAMPLE_STATUSES

COMMITTED, FAILED = "committed", "failed"  # outputs of AnnotateUnit

_NAMESPACE = "shardmill"  # of the metrics
_REPORT_INTERVAL = 1.0  # seconds between listings of the reports
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
    annotate_units(pipeline, units, AnnotateUnit(work, storage, run), settings)
    driver = _Driver(pipeline, run)
    reports = _Reports(work, storage, {unit.name for unit in units})
    reports.clear()
    driver.start()
    try:
        while not driver.ended.wait(_REPORT_INTERVAL):
            yield from reports.new()
    finally:
        if not driver.ended.is_set():
            driver.abandon()
    yield from reports.new()
    driver.raise_fault()


class AnnotateUnit(beam.DoFn):  # type: ignore[misc]
    """A DoFn that annotates a unit and emits its report to the output `committed` or `failed`.

    A unit that is already complete gives no report. All threads of a process share one worker,
    which loads filters and engine once and runs one unit at a time.
    """

    def __init__(self, work: ResolvedJob, storage: Storage, run: str) -> None:
        self._work = work
        self._storage = storage
        self._run = run
        self._shared = Shared()

    def setup(self) -> None:
        self._worker = self._shared.acquire(lambda: _SharedWorker(self._work, self._storage))

    def process(self, unit: Unit) -> Iterator[object]:
        layout = self._work.layout
        with self._worker.lock:
            if self._run in _abandoned:
                raise WorkerFault("the run was interrupted")
            unit_progress = find_unit_progress(unit.name, layout, self._storage)
            if unit_progress.complete:
                Metrics.counter(_NAMESPACE, "units_found_done").inc()
                return
            attempts = find_attempts(unit.name, layout, self._storage)
            try:
                report = self._worker.worker.run(
                    unit, unit_progress, attempts, self._check_abandoned
                )
            except KeyboardInterrupt:
                raise WorkerFault("the run was interrupted") from None
        content = report.model_dump_json().encode()
        self._storage.write_bytes(layout.report(unit.name), content, durable=False)
        _count(report)
        yield report if report.status == COMMITTED else beam.pvalue.TaggedOutput(FAILED, report)

    def _check_abandoned(self, _: Progress) -> None:
        if self._run in _abandoned:
            raise KeyboardInterrupt


class _SharedWorker:
    """The one worker of a process, and the lock that its threads take to use it."""

    def __init__(self, work: ResolvedJob, storage: Storage) -> None:
        threads = work.job.runner.decode_threads or len(os.sched_getaffinity(0))
        self.worker = Worker(work, storage, threads)
        self.lock = threading.Lock()
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


class _Reports:
    """The report files of this run's units; each file is deleted once it is read."""

    def __init__(self, work: ResolvedJob, storage: Storage, units: set[str]) -> None:
        self._layout = work.layout
        self._storage = storage
        self._units = units

    def clear(self) -> None:
        """Delete all report files: earlier runs whose drivers died have left them."""
        self._storage.delete_many([e.path for e in self._storage.list(self._layout.reports)])

    def new(self) -> Iterator[UnitReport]:
        """Yield the reports that have arrived since the last call, at most one for each unit."""
        for entry in list(self._storage.list(self._layout.reports)):
            if entry.path.endswith(".record"):
                report = UnitReport.model_validate_json(self._storage.read_bytes(entry.path))
                self._storage.delete(entry.path)
                if report.unit in self._units:
                    self._units.remove(report.unit)
                    yield report


def _options(settings: BeamRunnerConfig) -> PipelineOptions:
    given = [from_environment(option, "runner.options") for option in settings.options]
    try:
        options = PipelineOptions(given)
        options.get_all_options()  # makes Beam parse all options now
    except SystemExit:  # argparse has printed the reason
        raise JobError("runner.options: Beam does not take them, for the reason above") from None
    return options
