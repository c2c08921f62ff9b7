"""The numbers of one run while it is at work: every progress line, log event and metric is one.

The process that drives the run adds up the reports of all its workers.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pipelines.claims.claim_counts import ClaimCounts
from pipelines.logs.log import current_run
from pipelines.planning.plan import Plan
from schemas.report import Counts, Progress, Summary, UnitReport, worker_speed
from schemas.sample_status import SAMPLE_STATUSES, SampleStatus
from schemas.storage_counts import StorageCounts, add_storage
from schemas.units import count_shards, sum_sizes

UnitResult = Literal["committed", "salvaged", "failed"]
UNIT_RESULTS: tuple[UnitResult, ...] = ("committed", "salvaged", "failed")
_WINDOW = 300.0  # seconds over which the present speed is measured
_MARK_SECONDS = 1.0  # between two measurements


class _Mark(NamedTuple):
    """How much of the run was done at one time."""

    time: float
    samples: int
    bytes: int


def unit_result(report: UnitReport) -> UnitResult:
    """Return what became of a unit; a salvaged one is committed up to the damage of its shard."""
    if report.status == "failed":
        return "failed"
    return "salvaged" if report.error else "committed"


@dataclass
class RunMetrics:
    """The numbers of a run; counters cover this run alone, and begin with 0."""

    clock: Callable[[], float] = time.monotonic
    job: str = ""
    run: str = ""
    started: float = field(default_factory=time.time)
    """The begin of the run, in seconds since 1970."""
    outcome: str = ""
    """The outcome of the run once it has ended."""
    units_total: int = 0
    shards_total: int = 0
    units_done: int = 0
    """The units that are committed, in this run and before."""
    bytes_total: int = 0
    """The size of all units."""
    units: Counter[UnitResult] = field(default_factory=Counter)
    samples: Counter[SampleStatus] = field(default_factory=Counter)
    """The samples of reported units."""
    reasons: Counter[str] = field(default_factory=Counter)
    """The samples that were not kept, by `filter/reason`."""
    retries: int = 0
    """The attempts at reported units after their first ones."""
    worker_seconds: float = 0.0
    stage_seconds: dict[str, float] = field(default_factory=dict)
    storage: StorageCounts = field(default_factory=StorageCounts)
    claims: ClaimCounts = field(default_factory=ClaimCounts)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    """Held while numbers change: whoever reads several numbers takes the lock."""
    _plan: Plan | None = None
    _bytes: int = 0  # of units that are done
    _running: dict[str, Progress] = field(default_factory=dict)
    _skipped: dict[str, int] = field(default_factory=dict)  # samples of running units, done before
    _marks: deque[_Mark] = field(default_factory=deque)
    _first: _Mark | None = None  # after the models were loaded

    def on_plan(self, plan: Plan) -> None:
        with self.lock:
            self._plan = plan
            self.job = plan.work.job.name
            self.run = current_run()
            self.units_total = len(plan.units)
            self.shards_total = count_shards(plan.units)
            self.units_done = len(plan.units) - len(plan.pending)
            self.bytes_total = sum_sizes(plan.units)
            self._bytes = self.bytes_total - sum_sizes(plan.pending)
            self._marks.append(_Mark(self.clock(), self.samples_done, self.bytes_done))

    def on_progress(self, progress: Progress) -> None:
        with self.lock:
            if progress.unit not in self._skipped:
                self._skipped[progress.unit] = self._samples_before(progress.unit)
            self._running[progress.unit] = progress
            self._mark()

    def on_report(self, report: UnitReport) -> None:
        with self.lock:
            self._running.pop(report.unit, None)
            self._skipped.pop(report.unit, None)
            result = unit_result(report)
            self.units[result] += 1
            self.units_done += result != "failed"
            unit = self._plan.units.find(report.unit) if self._plan else None
            self._bytes += unit.size if unit else 0
            self.samples.update(report.counts.by_status())
            self.reasons.update(report.counts.reasons)
            self.retries += report.attempt > 1
            self.worker_seconds += report.seconds
            for name, stage in report.stages.items():
                self.stage_seconds[name] = self.stage_seconds.get(name, 0.0) + stage.seconds
            self.storage = add_storage(self.storage, report.storage) or self.storage
            self._mark()

    def on_summary(self, summary: Summary) -> None:
        """Take what only the summary of a run knows: its outcome, and the driver's own requests."""
        with self.lock:
            self.outcome = summary.outcome
            self.units_done = summary.units_committed
            self.storage = summary.storage_here or self.storage

    def on_error(self, outcome: str) -> None:
        """Take the outcome of a run that an exception ends."""
        with self.lock:
            self.outcome = outcome

    def _samples_before(self, unit: str) -> int:
        """Return the samples of a unit that are committed already, which nobody does again."""
        found = self._plan.units.find(unit) if self._plan else None
        if self._plan is None or found is None:
            return 0
        return self._plan.progress_of(found).parts * self._plan.work.input.max_samples_per_file

    @property
    def counts(self) -> Counts:
        """The samples of reported units, by status."""
        with self.lock:
            statuses = {status: self.samples[status] for status in SAMPLE_STATUSES}
        return Counts(read=sum(statuses.values()), **statuses)

    @property
    def samples_done(self) -> int:
        """The samples that this run has done, those of running units included."""
        with self.lock:
            running = (p.samples - self._skipped.get(p.unit, 0) for p in self._running.values())
            return sum(self.samples.values()) + sum(max(0, number) for number in running)

    @property
    def bytes_done(self) -> int:
        """The bytes of units that are done, and of the done part of running units."""
        with self.lock:
            return self._bytes + sum(running.bytes_read for running in self._running.values())

    @property
    def worker_speed(self) -> float:
        """The speed of one worker, as every part of Shardmill gives it."""
        with self.lock:
            return worker_speed(sum(self.samples.values()), self.worker_seconds)

    @property
    def images_per_second(self) -> float:
        """The samples of all workers per second of the wall clock, over the last five minutes."""
        with self.lock:
            if not self._marks:
                return 0.0
            now = self.clock()
            while len(self._marks) > 2 and self._marks[1].time < now - _WINDOW:
                self._marks.popleft()
            begin = self._marks[0]
            seconds = now - begin.time
            return (self.samples_done - begin.samples) / seconds if seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """The seconds to the end at the mean speed of this run; None while it is unknown."""
        with self.lock:
            left = self.bytes_total - self.bytes_done
            if left <= 0 or self._first is None:
                return None if self._first is None else 0.0
            seconds = self.clock() - self._first.time
            done = self.bytes_done - self._first.bytes
            return left * seconds / done if done > 0 and seconds > 0 else None

    @property
    def engine_wait_share(self) -> float | None:
        """The share of the workers' time in which the engine waited for blocks; None: unknown."""
        with self.lock:
            if not self.worker_seconds:
                return None
            return min(1.0, self.stage_seconds.get("wait", 0.0) / self.worker_seconds)

    def _mark(self) -> None:
        mark = _Mark(self.clock(), self.samples_done, self.bytes_done)
        self._first = self._first or mark
        if not self._marks or mark.time - self._marks[-1].time >= _MARK_SECONDS:
            self._marks.append(mark)
