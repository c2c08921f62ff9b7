"""Which worker gets which unit, and what becomes of a unit whose worker is lost.

The same for every runner with workers of its own: such a runner is a pool, which this drives.
"""

import heapq
import os
from collections import Counter
from collections.abc import Generator, Iterable
from typing import NamedTuple, Protocol

from pipelines.annotation.worker_faults import worker_faults
from pipelines.output.layout import Layout
from pipelines.output.listing import classify_files
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.plan import Plan
from pipelines.runners.worker import Worker, note
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit

_FAULTS = 3  # in a row, without a unit committed between, end a run
_LOSSES = 5  # workers lost over one unit in one run; from the third on it has a process of its own


class Assignment(NamedTuple):
    """A unit as a worker gets it; `attempts` were made before."""

    unit: Unit
    unit_progress: UnitProgress
    attempts: int


class Ready(NamedTuple):
    """A worker has loaded filters and engine."""


class Lost(NamedTuple):
    """A worker ended without a word; `reason` is told to the user."""

    reason: str


# Of these a pool forgets a worker that tells a fault or is lost.
Message = Ready | UnitReport | WorkerFault | JobError | Lost


class WorkerPool(Protocol):
    """Workers by number, each with at most one unit in work."""

    def start(self) -> int:
        """A new worker, which loads filters and engine, then says that it is ready."""

    def give(self, worker: int, assignment: Assignment) -> None:
        """A unit for a worker that is ready or has reported; it will report."""

    def messages(self) -> Iterable[tuple[int, Message]]:
        """Wait for at least one message, unless a pool has something to look after meanwhile."""

    def close(self) -> None:
        """End all workers now, whatever they are at; they have ended when this returns."""


def schedule(
    plan: Plan, units: tuple[Unit, ...], storage: Storage, pool: WorkerPool, workers: int
) -> Generator[UnitReport, None, None]:
    """Have a pool of at most so many workers do the units, largest first; a report for each.

    A worker that is lost is replaced, its unit's attempt counts, and the unit comes last. One that
    is sick is replaced too; WorkerFault where that happens three times in a row with no unit
    committed between. Closing this ends the pool, and what was in work is as if never begun.
    """
    shift = _Shift(pool, _Waiting(plan, units, storage), workers)
    try:
        while shift.assign():
            for worker, message in pool.messages():
                report = shift.on_message(worker, message)
                if report is not None:
                    yield report
    finally:
        shift.close()


class _Shift:
    """Who works on what."""

    def __init__(self, pool: WorkerPool, waiting: "_Waiting", workers: int) -> None:
        self._pool = pool
        self._waiting = waiting
        self._most = workers
        self._loading: set[int] = set()
        self._idle: set[int] = set()
        self._busy: dict[int, Assignment] = {}
        self._faults = 0

    def assign(self) -> bool:
        """Start the workers that are wanted and give the idle ones units; False at the end."""
        wanted = min(self._most, len(self._waiting) + len(self._busy))
        for _ in range(wanted - len(self._loading) - len(self._idle) - len(self._busy)):
            self._loading.add(self._pool.start())
        while self._idle and self._waiting:
            self._give(self._idle.pop())
        return wanted > 0

    def _give(self, worker: int) -> None:
        self._busy[worker] = self._waiting.take()
        self._pool.give(worker, self._busy[worker])

    def on_message(self, worker: int, message: Message) -> UnitReport | None:
        """The report that comes of a message, if any; WorkerFault where the run is to end."""
        was_loading = worker in self._loading
        self._loading.discard(worker)
        self._idle.discard(worker)
        if isinstance(message, JobError):
            raise message
        assignment = self._busy.pop(worker, None)
        if isinstance(message, WorkerFault):
            report, _ = self._requeue(assignment, "worker_faulty")
            self._count(message)
            return report
        if isinstance(message, Lost):
            report, begun = self._requeue(assignment, message.reason)
            if was_loading or (assignment and not begun):
                self._count(WorkerFault(f"a worker was lost before it began: {message.reason}"))
            return report
        if self._waiting:  # no worker waits while a report is looked at
            self._give(worker)
        else:
            self._idle.add(worker)
        if isinstance(message, Ready):
            return None
        if message.status == "committed":
            self._faults = 0
        return message

    def _requeue(self, assignment: Assignment | None, how: str) -> tuple[UnitReport | None, bool]:
        return self._waiting.requeue(assignment, how) if assignment else (None, False)

    def _count(self, fault: WorkerFault) -> None:
        self._faults += 1
        if self._faults >= _FAULTS:
            raise fault

    def close(self) -> None:
        """End the pool; attempts in work do not count."""
        self._pool.close()
        for assignment in self._busy.values():
            self._waiting.abandon(assignment)


class _Waiting:
    """The units that wait for a worker, largest first; those that may kill theirs come last."""

    def __init__(self, plan: Plan, units: tuple[Unit, ...], storage: Storage) -> None:
        self._layout: Layout = plan.work.layout
        self._storage = storage
        self._losses: Counter[str] = Counter()
        self._queue: list[tuple[int, int, str, Assignment]] = []
        for unit in units:
            attempts = plan.listing.attempts.get(unit.name, 0)
            self._put(Assignment(unit, plan.progress_of(unit), attempts))

    def __len__(self) -> int:
        return len(self._queue)

    def _put(self, assignment: Assignment) -> None:
        unit = assignment.unit
        heapq.heappush(self._queue, (assignment.attempts, -unit.size, unit.name, assignment))

    def take(self) -> Assignment:
        return heapq.heappop(self._queue)[-1]

    def requeue(self, assignment: Assignment, how: str) -> tuple[UnitReport | None, bool]:
        """Whether the attempt had begun; a report where there is nothing left to attempt.

        The worker's files tell: it may have noted the attempt, and committed parts or all.
        """
        unit = assignment.unit
        folders = {os.path.dirname(self._layout.file(unit.name))}
        folders.add(os.path.dirname(self._layout.attempt(unit.name, 1)))
        paths = [e.path for f in folders for e in self._storage.list(f, recursive=False)]
        held = classify_files(self._layout, paths, [unit.name])
        unit_progress = held.progress_of(unit.name)
        attempts = held.attempts.get(unit.name, 0)
        begun = attempts > assignment.attempts
        if unit_progress.complete:
            return UnitReport(unit=unit.name, status="committed", attempt=max(attempts, 1)), True
        self._losses[unit.name] += begun
        if self._losses[unit.name] >= _LOSSES:
            return self._given_up(unit, attempts, how), True
        self._put(Assignment(unit, unit_progress, attempts))
        return None, begun

    def _given_up(self, unit: Unit, attempts: int, how: str) -> UnitReport:
        report = UnitReport(unit=unit.name, status="failed", attempt=attempts, error=how)
        note(report, self._layout, self._storage)
        return report

    def abandon(self, assignment: Assignment) -> None:
        """The attempt does not count: its note is removed."""
        path = self._layout.attempt(assignment.unit.name, assignment.attempts + 1)
        self._storage.delete(path)


def load(worker: Worker) -> Message:
    """What a worker answers when it is started."""
    try:
        worker.load()
    except (JobError, WorkerFault) as fault:
        return fault
    return Ready()


def work(worker: Worker, assignment: Assignment, on_progress: OnProgress) -> Message:
    """What a worker answers to an assignment."""
    try:
        with worker_faults():
            return worker.run(*assignment, on_progress)
    except (JobError, WorkerFault) as fault:
        return fault
