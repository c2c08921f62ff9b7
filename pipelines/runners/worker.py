"""What every runner's worker does with a unit: note the attempt, annotate, report in files.

From the third attempt on, and at once where an image hangs its decoder, a unit runs in a process of
its own, and its images are decoded in yet another: an image that hangs or kills that one is a row
with its reason. Whatever else kills the unit's process is the unit's report, so that no unit takes
the whole queue along.
"""

import multiprocessing
import signal
import sys
from multiprocessing.connection import Connection
from typing import Any

from pipelines.annotation.worker_faults import worker_faults
from pipelines.concurrency.child_process import end_with_parent, exit_reason
from pipelines.output.layout import Layout
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.resolve import ResolvedJob
from pipelines.runners.device_check import check_device
from pipelines.storage.storage import Storage
from schemas.errors import (
    DeadlinePassed,
    DecoderHung,
    JobError,
    MachineFault,
    WorkerFault,
)
from schemas.report import OnProgress, Progress, UnitReport
from schemas.sample import Unit

_ISOLATED_FROM = 3  # the attempt


class Worker:
    """Works on units one after another; filters and engine are loaded with the first."""

    def __init__(self, work: ResolvedJob, storage: Storage, decode_threads: int) -> None:
        self._work = work
        self._storage = storage
        self._decode_threads = decode_threads
        self._annotator: Any = (
            None  # pipelines.annotation.annotator.Annotator, imported with the model
        )

    def run(
        self, unit: Unit, unit_progress: UnitProgress, attempts: int, on_progress: OnProgress
    ) -> UnitReport:
        """Commit what is missing of a unit; `attempts` were made before.

        A unit that cannot be read, or killed its process, comes back as failed. Raises WorkerFault
        where the worker is sick. Where that is the machine's doing, or the work is interrupted, the
        attempt does not count.
        """
        layout, attempt = self._work.layout, attempts + 1
        isolated = attempt >= _ISOLATED_FROM
        if not isolated:
            self.load()
        self._storage.write_bytes(layout.attempt(unit.name, attempt), b"", durable=False)
        try:
            report = self._report(unit, unit_progress, isolated, on_progress)
        except (KeyboardInterrupt, MachineFault):
            self._storage.delete(layout.attempt(unit.name, attempt))
            raise
        report = report.model_copy(update={"attempt": attempt})
        note(report, layout, self._storage)
        return report

    def _report(
        self, unit: Unit, unit_progress: UnitProgress, isolated: bool, on_progress: OnProgress
    ) -> UnitReport:
        if not isolated:
            try:
                with worker_faults():
                    report: UnitReport = self._annotator.annotate(
                        unit, unit_progress.parts, on_progress
                    )
                    return report
            except DecoderHung:  # a decoder can be ended where it is a process
                pass
        return self._isolated(unit, unit_progress, on_progress)

    def load(self) -> None:
        """Load filters and engine now; WorkerFault where that fails, with no unit charged."""
        if self._annotator is None:
            with worker_faults():
                from pipelines.annotation.annotator import Annotator

                self._annotator = Annotator(self._work, self._storage, self._decode_threads)
                check_device(self._work, self._storage)

    def close(self) -> None:
        """Let go of filters and engine."""
        if self._annotator is not None:
            self._annotator.close()
            self._annotator = None

    def _isolated(
        self, unit: Unit, unit_progress: UnitProgress, on_progress: OnProgress
    ) -> UnitReport:
        self.close()  # the memory is needed in the other process
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=_annotate_alone,
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


def note(report: UnitReport, layout: Layout, storage: Storage) -> None:
    """Leave what a unit's attempts came to beside the output; the notes of them are removed."""
    if report.status == "failed":
        content = report.model_dump_json(indent=1).encode()
        storage.write_bytes(layout.failed(report.unit), content)
    else:
        storage.delete(layout.failed(report.unit))
    for attempt in range(1, report.attempt + 1):
        storage.delete(layout.attempt(report.unit, attempt))


def _annotate_alone(  # noqa: PLR0917 - the arguments cross to another process
    work: ResolvedJob,
    storage: Storage,
    decode_threads: int,
    unit: Unit,
    parts_done: int,
    sender: "Connection[Any, Any]",
) -> None:
    """The other process: says that it has loaded, then its progress, then its report."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends this one
    end_with_parent()
    try:
        with worker_faults():
            from pipelines.annotation.annotator import Annotator

            annotator = Annotator(work, storage, decode_threads, isolated=True)
            sender.send("loaded")
            sender.send(annotator.annotate(unit, parts_done, sender.send))
            annotator.close()
    except DeadlinePassed:
        sender.send(UnitReport(unit=unit.name, status="failed", error="deadline_passed"))
    except MachineFault as fault:
        sender.send(fault)
    except (JobError, WorkerFault) as fault:  # no traceback: what ends a process is printed
        sys.exit(f"shardmill: {unit.name}: {fault}")
