"""The step of a Beam pipeline that annotates units: a DoFn, and the worker of its process.

A retried bundle repeats no committed unit, because the unit's files show that it is complete.
Requests to a bucket cost money, so a unit that nobody has begun is looked up by one or two
requests, and reports for an output in a bucket are written together.
"""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.utils.shared import Shared

from pipelines.claims.run_claims import find_claim
from pipelines.output.unit_progress import (
    UnitProgress,
    find_attempts,
    find_unit_progress,
    next_files,
)
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.runners.report_files import ReportWriter
from pipelines.runners.worker import AttemptExists, Worker
from pipelines.storage.storage import Storage
from schemas.errors import WorkerFault
from schemas.report import Progress, UnitReport
from schemas.sample import Unit
from schemas.sample_status import SAMPLE_STATUSES

COMMITTED, FAILED = "committed", "failed"  # outputs of AnnotateUnit
Element = tuple[Unit, int | None]  # the attempts at a unit that are over; None: nobody has begun it

_NAMESPACE = "shardmill"  # of the metrics
_FOUND_DONE, _LEFT_TO_OTHERS = "units_found_done", "units_left_to_others"  # metrics
_RELEASE_SECONDS = 30.0  # for a worker to release its unit, which happens at the next block

_abandoned: set[str] = set()  # runs of this process that were interrupted
_workers_here: "weakref.WeakSet[_SharedWorker]" = weakref.WeakSet()


class _Begun(NamedTuple):
    """A unit that is not complete."""

    progress: UnitProgress
    attempts: int


class AnnotateUnit(beam.DoFn):  # type: ignore[misc]
    """A DoFn that annotates a unit and emits its report to the output `committed` or `failed`.

    A unit that is already complete, or that another run has claimed, gives no report. All threads
    of a process share one worker, which loads filters and engine once and runs one unit at a time.
    """

    def __init__(self, work: ResolvedJob, storage: Storage, run: str, claim: bytes = b"") -> None:
        """Annotate units for a run; `claim` is the content of its claims.

        Without a claim, the units are not shared with other runs.
        """
        self._work = work
        self._storage = storage
        self._run = run
        self._claim = claim
        self._shared = Shared()

    def setup(self) -> None:
        self._worker = self._shared.acquire(
            lambda: _SharedWorker(self._work, self._storage, self._run, self._claim)
        )

    def process(self, element: Element) -> Iterator[object]:
        with self._worker.lock:
            if self._run in _abandoned:
                raise WorkerFault("the run was interrupted")
            try:
                report = self._annotate(*element)
                if report is not None:
                    self._worker.reports.add(report)
            except BaseException as error:
                with suppress(OSError):  # the storage may be what failed
                    self._worker.reports.flush()
                if isinstance(error, KeyboardInterrupt):
                    raise WorkerFault("the run was interrupted") from None
                raise
        if report is not None:
            _count(report)
            yield report if report.status == COMMITTED else beam.pvalue.TaggedOutput(FAILED, report)

    def finish_bundle(self) -> None:
        with self._worker.lock:
            self._worker.reports.flush()

    def _annotate(self, unit: Unit, over: int | None) -> UnitReport | None:
        """Annotate a unit; return None if it is complete already, or claimed by another run."""
        worker: Worker = self._worker.worker
        found = self._look(unit, over)
        if isinstance(found, _Begun) and not worker.is_loaded:
            worker.load()  # for seconds, in which another run may do the unit
            found = self._look(unit, over)
        if isinstance(found, _Begun):
            with suppress(AttemptExists):
                return worker.run(unit, found.progress, found.attempts, self._check_abandoned)
            if over is None:
                return self._annotate(unit, 0)
            found = _LEFT_TO_OTHERS
        Metrics.counter(_NAMESPACE, found).inc()
        return None

    def _look(self, unit: Unit, over: int | None) -> _Begun | str:
        """Return what is done of a unit, or the name of a metric if nothing can be done here."""
        layout, storage = self._work.layout, self._storage
        if over is None:
            names = next_files(unit, 0, self._work.job.input.max_samples_per_file)
            if all(storage.entry(layout.file(name)) is None for name in names):
                return _Begun(UnitProgress(), 0)
        progress = find_unit_progress(unit.name, layout, storage)
        if progress.complete:
            return _FOUND_DONE
        over = over or 0
        attempts = max(over, find_attempts(unit.name, layout, storage))
        if self._claim and attempts > over:
            claim = find_claim(layout.attempt(unit.name, attempts), storage)
            if claim is None or claim.run not in ("", self._run):
                return _LEFT_TO_OTHERS  # whose driver takes it over if that run is dead
        return _Begun(progress, attempts)

    def _check_abandoned(self, _: Progress) -> None:
        if self._run in _abandoned:
            raise KeyboardInterrupt


class _SharedWorker:
    """The one worker of a process, its reports, and the lock that its threads take to use it."""

    def __init__(self, work: ResolvedJob, storage: Storage, run: str, claim: bytes) -> None:
        threads = work.job.runner.decode_threads or len(os.sched_getaffinity(0))
        self.worker = Worker(work, storage, threads, claim)
        self.lock = threading.Lock()
        self.reports = ReportWriter(work.layout, storage, run)
        weakref.finalize(self, self.worker.close)
        _workers_here.add(self)


def abandon(run: str) -> None:
    """Let the workers of this process release the units of a run."""
    _abandoned.add(run)


def wait_for_release() -> None:
    """Wait until the workers of this process have released the units of abandoned runs.

    The wait for each worker ends after `_RELEASE_SECONDS`.
    """
    for shared in list(_workers_here):
        if shared.lock.acquire(timeout=_RELEASE_SECONDS):
            shared.lock.release()


def _count(report: UnitReport) -> None:
    Metrics.counter(_NAMESPACE, f"units_{report.status}").inc()
    for status in ("read", *SAMPLE_STATUSES):
        Metrics.counter(_NAMESPACE, f"samples_{status}").inc(getattr(report.counts, status))
    for reason, number in report.counts.reasons.items():
        Metrics.counter(_NAMESPACE, f"reason_{reason}").inc(number)
    Metrics.distribution(_NAMESPACE, "unit_samples").update(report.counts.read)
    Metrics.distribution(_NAMESPACE, "unit_milliseconds").update(round(report.seconds * 1000))
