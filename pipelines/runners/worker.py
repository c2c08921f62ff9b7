"""A worker of any runner: marks the attempt at a unit, annotates the unit, records the outcome.

From the third attempt on, and as soon as an image hangs its decoder, a unit is isolated: it runs in
a child process, whose images are decoded in a further process. An image that hangs or kills its
decoder twice becomes an invalid row. If the child process dies for another reason, the unit fails
with that reason and the worker continues, so that one unit cannot stop the whole queue.
"""

import multiprocessing
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from pipelines.annotation.worker_faults import worker_faults
from pipelines.concurrency.child_process import end_with_parent, exit_reason
from pipelines.concurrency.standard_streams import secure_stderr
from pipelines.logs.configuration import begin_in_worker
from pipelines.logs.log import log
from pipelines.output.layout import Layout
from pipelines.output.record import manifest_of, read_record
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.runners.device_check import check_device
from pipelines.runners.other_shards import reads_no_other_shard
from pipelines.storage.object_counts import take_counts
from pipelines.storage.storage import Storage
from schemas.errors import (
    DeadlinePassed,
    DecoderHung,
    JobError,
    MachineFault,
    ShardUnreachable,
    WorkerFault,
)
from schemas.report import OnProgress, Progress, UnitReport
from schemas.sample import Unit
from schemas.storage_counts import add_storage

if TYPE_CHECKING:
    from pipelines.annotation.annotator import Annotator

_FIRST_ISOLATED = 3  # attempt


class AttemptExists(Exception):
    """Another attempt at a unit has left its marker."""


class Worker:
    """A worker that runs one unit after another; filters and engine are loaded when needed."""

    def __init__(
        self, work: ResolvedJob, storage: Storage, decode_threads: int, claim: bytes = b""
    ) -> None:
        """Begin a worker of a run; `claim` is the content of its claims.

        With a claim, the marker of an attempt is the run's claim to the unit, which only one run
        can make, and which the runner deletes. Without one, the worker deletes its markers.
        """
        self._work = work
        self._claim = claim
        self._storage = storage
        self._decode_threads = decode_threads
        self._annotator: Annotator | None = None
        self._ownership = work.ownership(storage)

    def run(
        self,
        unit: Unit,
        unit_progress: UnitProgress,
        attempts: int,
        on_progress: OnProgress,
    ) -> UnitReport:
        """Annotate the rest of a unit after `attempts` earlier attempts, and return its report.

        With a claim, raises AttemptExists if the marker of this attempt exists.

        The report is `failed` if the shard cannot be read or the unit killed its child process. A
        shard that storage does not give is the unit's failure only if other shards can be read.
        Raises WorkerFault if the worker cannot work. After a MachineFault, a JobError or an
        interruption, the attempt does not count.
        """
        layout, attempt = self._work.layout, attempts + 1
        isolated = attempt >= _FIRST_ISOLATED
        if not isolated:
            self.load()
        with worker_faults():
            self._ownership.check_before_unit()
        self._mark(layout.attempt(unit.name, attempt))
        try:
            report = self._report(unit, unit_progress, isolated, on_progress)
            self._check_storage(unit, report)
        except (KeyboardInterrupt, MachineFault, JobError):
            with suppress(OSError):  # the storage may be what failed
                self._storage.delete(layout.attempt(unit.name, attempt))
            raise
        report = report.model_copy(update={"attempt": attempt})
        record_outcome(report, layout, self._storage, keeps_markers=bool(self._claim))
        return report.model_copy(update={"storage": add_storage(report.storage, take_counts())})

    def _mark(self, marker: str) -> None:
        if not self._claim:
            self._storage.write_bytes(marker, b"", durable=False)
            return
        try:
            self._storage.create(marker, self._claim, durable=False)
        except FileExistsError:
            raise AttemptExists from None

    def _report(
        self, unit: Unit, unit_progress: UnitProgress, isolated: bool, on_progress: OnProgress
    ) -> UnitReport:
        if not isolated:
            try:
                annotator = self.load()
                with worker_faults():
                    return annotator.annotate(unit, unit_progress.parts, on_progress)
            except DecoderHung:  # a hung thread cannot be ended, but a decoder process can
                pass
        return self._run_isolated(unit, unit_progress, on_progress)

    def _check_storage(self, unit: Unit, report: UnitReport) -> None:
        """Raise MachineFault if storage gives neither this shard nor any other one."""
        if report.status == "failed" and report.error in ShardUnreachable.REASONS:
            with worker_faults():
                given = self._work.job.input
                layout = self._work.layout
                record, _ = read_record(layout, self._work.record_number, self._storage)
                manifest = layout.manifest(manifest_of(record))
                if reads_no_other_shard(unit, manifest, self._storage, given):
                    raise MachineFault(
                        f"no shard can be read here: {unit.path}: {report.error}, and the others "
                        "likewise: check permissions and mounts"
                    )

    @property
    def is_loaded(self) -> bool:
        """Whether filters and engine are loaded."""
        return self._annotator is not None

    def load(self) -> "Annotator":
        """Load filters and engine, unless they are loaded; raise WorkerFault if loading fails.

        Raises JobError if the device is of another type than the output's.
        """
        if self._annotator is None:
            with worker_faults():
                from pipelines.annotation.annotator import Annotator

                self._annotator = Annotator(
                    self._work,
                    self._storage,
                    self._decode_threads,
                    ownership=self._ownership,
                )
                check_device(self._work, self._storage)
        return self._annotator

    def close(self) -> None:
        """Release filters and engine."""
        if self._annotator is not None:
            self._annotator.close()
            self._annotator = None

    def _run_isolated(
        self, unit: Unit, unit_progress: UnitProgress, on_progress: OnProgress
    ) -> UnitReport:
        self.close()  # the child process needs the memory
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=_annotate_isolated,
            args=(
                self._work,
                self._storage,
                self._decode_threads,
                unit,
                unit_progress.parts,
                sender,
            ),
        )
        process.start()
        sender.close()
        try:
            loaded = False
            while True:
                try:
                    message = receiver.recv()
                except EOFError:
                    break
                if isinstance(message, UnitReport):
                    return message
                if isinstance(message, MachineFault):
                    raise message
                if isinstance(message, Progress):
                    on_progress(message)
                loaded = True
            process.join()
            if not loaded:
                raise WorkerFault("filters and model could not be loaded in a process of its own")
            return UnitReport(unit=unit.name, status="failed", error=exit_reason(process.exitcode))
        finally:
            process.kill()
            process.join()
            receiver.close()


def record_outcome(
    report: UnitReport, layout: Layout, storage: Storage, *, keeps_markers: bool = False
) -> None:
    """Store the report of a failed unit, or delete an earlier one; clear the attempt markers.

    With `keeps_markers`, they stay: they are claims.
    """
    if report.status == "failed":
        content = report.model_dump_json(indent=1).encode()
        storage.write_bytes(layout.failed(report.unit), content)
    else:
        storage.delete(layout.failed(report.unit))
    attempts = range(1, 0 if keeps_markers else report.attempt + 1)
    storage.delete_many(layout.attempt(report.unit, attempt) for attempt in attempts)


def _annotate_isolated(  # noqa: PLR0917 - Process passes arguments by position
    work: ResolvedJob,
    storage: Storage,
    decode_threads: int,
    unit: Unit,
    parts_done: int,
    sender: "Connection[Any, Any]",
) -> None:
    """Run in the child process: send "loaded", then progress, then the report."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this process
    end_with_parent()
    secure_stderr()
    begin_in_worker()
    try:
        with worker_faults():
            from pipelines.annotation.annotator import Annotator

            annotator = Annotator(work, storage, decode_threads, isolated=True)
            sender.send("loaded")
            report = annotator.annotate(unit, parts_done, sender.send)
            sender.send(report.model_copy(update={"storage": take_counts()}))
            annotator.close()
    except DeadlinePassed:
        sender.send(UnitReport(unit=unit.name, status="failed", error="deadline_passed"))
    except MachineFault as fault:
        sender.send(fault)
    except (JobError, WorkerFault) as fault:  # an uncaught exception would print a traceback
        log("worker_failed", f"{unit.name}: {fault}")
        sys.exit(1)
