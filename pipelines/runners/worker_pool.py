"""A pool of workers as the scheduler sees it, and the messages between the two.

A runner with several workers implements WorkerPool: as processes (local) or as actors (Ray).
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from pipelines.annotation.worker_faults import worker_faults
from pipelines.output.unit_progress import UnitProgress
from pipelines.runners.worker import AttemptExists, Worker
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit


class Assignment(NamedTuple):
    """A unit for a worker, with its progress and the number of earlier attempts."""

    unit: Unit
    unit_progress: UnitProgress
    attempts: int


class Ready(NamedTuple):
    """The message of a worker that has loaded filters and engine."""


class Taken(NamedTuple):
    """The message that another run had claimed the assigned unit first."""


class Lost(NamedTuple):
    """The message that a worker ended unexpectedly; the user sees `reason`.

    `with_machine` says that its machine left the cluster, so that the worker is not to blame.
    """

    reason: str
    with_machine: bool = False


# A pool removes a worker that sends a WorkerFault or a JobError, or is lost.
Message = Ready | UnitReport | Taken | WorkerFault | JobError | Lost


class WorkerPool(Protocol):
    """Numbered workers, each with at most one assignment."""

    def start(self) -> int:
        """Start a worker and return its number; it loads filters and engine, then sends Ready."""

    def assign(self, worker: int, assignment: Assignment) -> None:
        """Give an assignment to a worker that has sent Ready or a report; it will send a report."""

    def messages(self) -> Iterable[tuple[int, Message]]:
        """Wait for messages, and return each with its worker's number.

        The result may be empty: a pool may return early to do work of its own.
        """

    def close(self) -> None:
        """End all workers, busy or not; all of them have ended when this method returns."""


def load_worker(worker: Worker) -> Message:
    """Load a worker's filters and engine; return Ready or the error."""
    try:
        worker.load()
    except (JobError, WorkerFault) as fault:
        return fault
    return Ready()


def run_assignment(worker: Worker, assignment: Assignment, on_progress: OnProgress) -> Message:
    """Have a worker run an assignment; return the unit's report or the error."""
    try:
        with worker_faults():
            try:
                return worker.run(*assignment, on_progress)
            except AttemptExists:
                return Taken()
    except (JobError, WorkerFault) as fault:
        return fault
