"""Schedules units on the workers of a pool, and retries the units of lost workers.

Every runner with several workers uses this scheduler: such a runner implements WorkerPool.
"""

import heapq
import os
from collections import Counter
from collections.abc import Generator, Sequence
from itertools import chain

import numpy as np

from pipelines.logs.log import log
from pipelines.output.layout import Layout
from pipelines.output.listing import classify_files
from pipelines.planning.plan import Plan
from pipelines.runners.worker import record_outcome
from pipelines.runners.worker_pool import Assignment, Lost, Message, Ready, WorkerPool
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import UnitReport
from schemas.sample import Unit
from schemas.units import NameIndex, Units

_MAX_FAULTS = 3  # worker faults in a row, with no unit committed between them, end a run
_MAX_LOSSES = 5  # workers lost over one unit in one run; the third attempt and later are isolated


def schedule(
    plan: Plan, units: Sequence[Unit], storage: Storage, pool: WorkerPool, workers: int
) -> Generator[UnitReport, None, None]:
    """Run the units on at most `workers` workers, largest unit first; yield a report for each unit.

    A lost worker is replaced. The attempt at its unit counts, and the unit is queued behind units
    with fewer attempts. A faulty worker is replaced too. Raises WorkerFault after three faults in a
    row with no unit committed between them, and JobError as soon as a worker sends one. Closing the
    generator ends the pool; attempts that are running then do not count.
    """
    scheduler = _Scheduler(pool, _UnitQueue(plan, units, storage), workers)
    try:
        while scheduler.dispatch():
            for worker, message in pool.messages():
                report = scheduler.on_message(worker, message)
                if report is not None:
                    yield report
    finally:
        scheduler.close()


class _Scheduler:
    """The state of the workers: which ones load, idle or work, and on which unit."""

    def __init__(self, pool: WorkerPool, queue: "_UnitQueue", max_workers: int) -> None:
        self._pool = pool
        self._queue = queue
        self._max_workers = max_workers
        self._loading: set[int] = set()
        self._idle: set[int] = set()
        self._busy: dict[int, Assignment] = {}
        self._faults = 0

    def dispatch(self) -> bool:
        """Start missing workers and assign units to idle ones; return False when all is done."""
        wanted = min(self._max_workers, len(self._queue) + len(self._busy))
        for _ in range(wanted - len(self._loading) - len(self._idle) - len(self._busy)):
            self._loading.add(self._pool.start())
        while self._idle and self._queue:
            self._assign_next(self._idle.pop())
        return wanted > 0

    def _assign_next(self, worker: int) -> None:
        self._busy[worker] = self._queue.pop()
        self._pool.assign(worker, self._busy[worker])

    def on_message(self, worker: int, message: Message) -> UnitReport | None:
        """Process a message; return the report of a finished unit, if there is one.

        Raises JobError or WorkerFault if the run has to end.
        """
        was_loading = worker in self._loading
        self._loading.discard(worker)
        self._idle.discard(worker)
        if isinstance(message, JobError):
            raise message
        assignment = self._busy.pop(worker, None)
        if isinstance(message, WorkerFault):
            report, _ = self._requeue(assignment, "worker_faulty")
            self._count_fault(message)
            return report
        if isinstance(message, Lost):
            report, begun = self._requeue(assignment, message.reason)
            if was_loading or (assignment and not begun):
                fault = WorkerFault(f"a worker was lost before it began: {message.reason}")
                self._count_fault(fault)
            return report
        if self._queue:  # the worker must not wait until the caller has processed its report
            self._assign_next(worker)
        else:
            self._idle.add(worker)
        if isinstance(message, Ready):
            return None
        if message.status == "committed":
            self._faults = 0
        return message

    def _requeue(
        self, assignment: Assignment | None, reason: str
    ) -> tuple[UnitReport | None, bool]:
        return self._queue.requeue(assignment, reason) if assignment else (None, False)

    def _count_fault(self, fault: WorkerFault) -> None:
        self._faults += 1
        if self._faults >= _MAX_FAULTS:
            raise fault

    def close(self) -> None:
        """End the pool and delete the markers of running attempts, so that these do not count."""
        self._pool.close()
        for assignment in self._busy.values():
            self._queue.discard_attempt(assignment)


class _UnitQueue:
    """A priority queue of units: fewest attempts first, then largest first, then by name.

    Units with earlier attempts come last because they may kill their worker. Of the other units,
    only the order is kept: a unit becomes an object when its turn comes.
    """

    def __init__(self, plan: Plan, units: Sequence[Unit], storage: Storage) -> None:
        self._plan = plan
        self._layout: Layout = plan.work.layout
        self._storage = storage
        self._losses: Counter[str] = Counter()
        self._heap: list[tuple[int, int, str, Assignment]] = []  # units with attempts
        units = Units.of(units).sorted()
        attempts = plan.listing.attempts
        is_fresh = np.ones(len(units), np.bool_)
        for name in attempts:
            if (position := units.names.find(name)) is not None:
                is_fresh[position] = False
                unit = units[position]
                self._push(Assignment(unit, plan.progress_of(unit), attempts[name]))
        fresh = units.take(is_fresh)
        self._fresh = fresh.take(np.argsort(-fresh.sizes(), kind="stable"))
        self._next = 0  # of the fresh units

    def __len__(self) -> int:
        return len(self._fresh) - self._next + len(self._heap)

    def _push(self, assignment: Assignment) -> None:
        unit = assignment.unit
        heapq.heappush(self._heap, (assignment.attempts, -unit.size, unit.name, assignment))

    def pop(self) -> Assignment:
        if self._next == len(self._fresh):
            return heapq.heappop(self._heap)[-1]
        unit = self._fresh[self._next]
        if self._heap and self._heap[0] < (0, -unit.size, unit.name):  # put back without an attempt
            return heapq.heappop(self._heap)[-1]
        self._next += 1
        return Assignment(unit, self._plan.progress_of(unit), 0)

    def requeue(self, assignment: Assignment, reason: str) -> tuple[UnitReport | None, bool]:
        """Put the unit of a lost worker back, unless the unit is complete or has failed.

        A unit has failed when, in this run, _MAX_LOSSES workers were lost over the unit after their
        attempts began. Returns the report (None for a unit that is put back), and whether the
        attempt had begun: a new attempt marker or a complete unit shows this.
        """
        unit = assignment.unit
        folders = {os.path.dirname(self._layout.file(unit.name))}
        folders.add(os.path.dirname(self._layout.attempt(unit.name, 1)))
        entries = chain.from_iterable(self._storage.list(f, recursive=False) for f in folders)
        listing = classify_files(self._layout, entries, NameIndex.of([unit.name]))
        unit_progress = listing.progress_of(unit.name)
        attempts = listing.attempts.get(unit.name, 0)
        begun = attempts > assignment.attempts
        if unit_progress.complete:
            return UnitReport(unit=unit.name, status="committed", attempt=max(attempts, 1)), True
        self._losses[unit.name] += begun
        if self._losses[unit.name] >= _MAX_LOSSES:
            report = UnitReport(unit=unit.name, status="failed", attempt=attempts, error=reason)
            record_outcome(report, self._layout, self._storage)
            return report, True
        self._push(Assignment(unit, unit_progress, attempts))
        line = f"{unit.name}: its worker was lost ({reason}): the unit is tried again"
        log("unit_requeued", line, unit=unit.name, reason=reason)
        return None, begun

    def discard_attempt(self, assignment: Assignment) -> None:
        """Delete the marker of a running attempt, so that the attempt does not count."""
        path = self._layout.attempt(assignment.unit.name, assignment.attempts + 1)
        self._storage.delete(path)
