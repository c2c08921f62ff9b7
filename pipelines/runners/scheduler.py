"""Schedules units on the workers of a pool, and retries the units of lost workers.

Every runner with several workers uses this scheduler: such a runner implements WorkerPool.
"""

import heapq
import os
import time
from collections import Counter
from collections.abc import Generator, Sequence
from itertools import chain

from pipelines.claims.run_claims import RunClaims
from pipelines.claims.source import UnitSource
from pipelines.logs.log import log
from pipelines.output.layout import Layout
from pipelines.output.listing import classify_files
from pipelines.planning.plan import Plan
from pipelines.runners.worker import record_outcome
from pipelines.runners.worker_pool import Assignment, Lost, Message, Ready, Taken, WorkerPool
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import UnitReport
from schemas.sample import Unit
from schemas.units import NameIndex

_MAX_FAULTS = 3  # worker faults in a row, with no unit committed between them, end a run;
# so does the loss of that many times the workers' machines
_MAX_LOSSES = 5  # workers lost over one unit in one run; the third attempt and later are isolated


def schedule(  # noqa: PLR0917 - all are needed
    plan: Plan,
    units: Sequence[Unit],
    storage: Storage,
    pool: WorkerPool,
    workers: int,
    claims: RunClaims | None = None,
) -> Generator[UnitReport, None, None]:
    """Run the units on at most `workers` workers, largest unit first; yield a report for each unit.

    A lost worker is replaced. The attempt at its unit counts, and the unit is queued behind units
    with fewer attempts. A faulty worker is replaced too. Raises WorkerFault after three faults in a
    row with no unit committed between them, and JobError as soon as a worker sends one. A worker
    that is lost with its machine is no fault, unless three times as many as all workers are lost so
    in a row. Closing the generator ends the pool; attempts that are running then do not count.
    Units that other runs claim are left to them.
    """
    source = UnitSource(plan, units, storage, claims or RunClaims(), largest_first=True)
    scheduler = _Scheduler(pool, _UnitQueue(plan, source, storage), workers)
    try:
        while scheduler.dispatch():
            if scheduler.waits():
                continue
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
        self._lost_machines = 0
        self._pause = 0.0  # seconds until the queue may have a unit for idle workers

    def dispatch(self) -> bool:
        """Start missing workers and assign units to idle ones; return False when all is done."""
        wanted = min(self._max_workers, len(self._queue) + len(self._busy))
        for _ in range(wanted - len(self._loading) - len(self._idle) - len(self._busy)):
            self._loading.add(self._pool.start())
        while self._idle and self._assign_next(min(self._idle)):
            pass
        return wanted > 0 and len(self._queue) + len(self._busy) > 0

    def waits(self) -> bool:
        """If no worker works, because other runs hold what is left, wait; return whether it did."""
        if self._busy or self._loading or not self._pause:
            return False
        time.sleep(self._pause)
        return True

    def _assign_next(self, worker: int) -> bool:
        """Assign a unit to an idle worker; return whether there is one."""
        following = self._queue.pop()
        self._pause = following if isinstance(following, float) else 0.0
        if not isinstance(following, Assignment):
            return False
        self._idle.discard(worker)
        self._busy[worker] = following
        self._pool.assign(worker, following)
        return True

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
                self._count_fault(fault, message.with_machine)
            return report
        if isinstance(message, Taken):
            if assignment:
                self._queue.taken(assignment)
        elif isinstance(message, UnitReport) and assignment:
            self._queue.done(assignment, message.attempt)
        self._idle.add(worker)
        self._assign_next(worker)  # it must not wait until the caller has processed its report
        if isinstance(message, Ready | Taken):
            return None
        if message.status == "committed":
            self._faults = self._lost_machines = 0
        return message

    def _requeue(
        self, assignment: Assignment | None, reason: str
    ) -> tuple[UnitReport | None, bool]:
        return self._queue.requeue(assignment, reason) if assignment else (None, False)

    def _count_fault(self, fault: WorkerFault, with_machine: bool = False) -> None:
        self._faults += not with_machine
        self._lost_machines += with_machine
        max_lost_machines = _MAX_FAULTS * self._max_workers
        if self._faults >= _MAX_FAULTS or self._lost_machines >= max_lost_machines:
            raise fault

    def close(self) -> None:
        """End the pool and delete the markers of running attempts, so that these do not count."""
        self._pool.close()
        for assignment in self._busy.values():
            self._queue.discard_attempt(assignment)


class _UnitQueue:
    """Units from a source, and then those of lost workers, fewest attempts first.

    Units with earlier attempts come last because they may kill their worker.
    """

    def __init__(self, plan: Plan, source: UnitSource, storage: Storage) -> None:
        self._layout: Layout = plan.work.layout
        self._source = source
        self._storage = storage
        self._losses: Counter[str] = Counter()
        self._heap: list[tuple[int, int, str, Assignment]] = []  # units of lost workers

    def __len__(self) -> int:
        return len(self._source) + len(self._heap)

    def _push(self, assignment: Assignment) -> None:
        unit = assignment.unit
        heapq.heappush(self._heap, (assignment.attempts, -unit.size, unit.name, assignment))

    def pop(self) -> Assignment | float | None:
        """Return the next assignment; seconds to wait if other runs hold what is left."""
        if self._heap and not self._heap[0][0]:  # put back without an attempt
            return heapq.heappop(self._heap)[-1]
        following = self._source.next()
        if isinstance(following, tuple):
            return Assignment(*following)
        return heapq.heappop(self._heap)[-1] if self._heap else following

    def done(self, assignment: Assignment, attempt: int) -> None:
        """Note that a unit is committed, or reported failed."""
        self._source.done(assignment.unit, attempt)

    def taken(self, assignment: Assignment) -> None:
        """Leave a unit to the run that has claimed it."""
        self._source.taken(assignment.unit)

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
            self._source.done(unit, max(attempts, 1))
            return UnitReport(unit=unit.name, status="committed", attempt=max(attempts, 1)), True
        self._losses[unit.name] += begun
        if self._losses[unit.name] >= _MAX_LOSSES:
            report = UnitReport(unit=unit.name, status="failed", attempt=attempts, error=reason)
            record_outcome(report, self._layout, self._storage)
            self._source.done(unit, attempts)
            return report, True
        self._push(Assignment(unit, unit_progress, attempts))
        line = f"{unit.name}: its worker was lost ({reason}): the unit is tried again"
        log("unit_requeued", line, unit=unit.name, reason=reason)
        return None, begun

    def discard_attempt(self, assignment: Assignment) -> None:
        """Delete the marker of a running attempt, so that the attempt does not count."""
        path = self._layout.attempt(assignment.unit.name, assignment.attempts + 1)
        self._storage.delete(path)
