"""Several processes on this machine, each with GPUs of its own where there are some."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from inference import visible_gpus
from pipelines.concurrency.child_process import end_with_parent, exit_reason
from pipelines.planning.resolve import ResolvedJob
from pipelines.runners.scheduler import Assignment, Lost, Message, load, work
from pipelines.runners.worker import Worker
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, Progress

_GRACE = 5  # seconds that a worker has to end by itself
_TERMINATED = 143


class _Process(NamedTuple):
    process: SpawnProcess
    pipe: "Connection[Any, Any]"
    gpus: str | None  # as CUDA_VISIBLE_DEVICES names them


class Processes:
    """A pool of processes, each started anew: nothing is shared with this one."""

    def __init__(
        self, job: ResolvedJob, storage: Storage, workers: int, on_progress: OnProgress
    ) -> None:
        cores = len(os.sched_getaffinity(0))
        # Arithmetic keeps the number of threads that was resolved: it decides bytes.
        self._arguments = (job, storage, job.job.runner.decode_threads or max(1, cores // workers))
        self._on_progress = on_progress
        self._numbers = count()
        self._workers: dict[int, _Process] = {}
        each = job.job.runner.model_gpus
        visible = visible_gpus() if job.resolved.device == "cuda" else []
        starts = range(0, workers * each, each)
        if visible and workers * each > len(visible):
            raise JobError(
                f"runner.workers: {workers} workers take {workers * each} GPUs, but {len(visible)} "
                "are visible here"
            )
        self._gpus = [",".join(visible[i : i + each]) for i in starts] if visible else []

    def start(self) -> int:
        context = multiprocessing.get_context("spawn")
        pipe, theirs = context.Pipe()
        taken = {worker.gpus for worker in self._workers.values()}
        gpus = next((gpus for gpus in self._gpus if gpus not in taken), None)
        process = context.Process(target=_serve, args=(*self._arguments, gpus, theirs))
        process.start()
        theirs.close()
        number = next(self._numbers)
        self._workers[number] = _Process(process, pipe, gpus)
        return number

    def give(self, worker: int, assignment: Assignment) -> None:
        with suppress(BrokenPipeError):  # it is lost: messages() will find out
            self._workers[worker].pipe.send(assignment)

    def messages(self) -> Iterator[tuple[int, Message]]:
        numbers = {worker.pipe: number for number, worker in self._workers.items()}
        for pipe in wait(list(numbers)):
            number = numbers[pipe]  # type: ignore[index]  # what was waited for are pipes
            try:
                message = self._workers[number].pipe.recv()
            except (EOFError, ConnectionResetError):
                worker = self._workers.pop(number)
                worker.process.join()
                worker.pipe.close()
                yield number, Lost(exit_reason(worker.process.exitcode))
                continue
            if isinstance(message, Progress):
                self._on_progress(message)
                continue
            if isinstance(message, JobError | WorkerFault):
                self._end([self._workers.pop(number)])
            yield number, message

    def close(self) -> None:
        self._end(list(self._workers.values()))
        self._workers.clear()

    def _end(self, workers: list[_Process]) -> None:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(_GRACE)
            worker.process.kill()  # it hangs, if it is still there
            worker.process.join()
            worker.pipe.close()


def _serve(
    job: ResolvedJob,
    storage: Storage,
    decode_threads: int,
    gpus: str | None,
    pipe: "Connection[Any, Any]",
) -> None:
    """A worker: loads, then answers each assignment, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the first one tells
    signal.signal(signal.SIGTERM, _interrupt)
    end_with_parent()
    if gpus is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus  # before torch comes
    worker = Worker(job, storage, decode_threads)
    try:
        pipe.send(load(worker))
        while True:
            pipe.send(work(worker, pipe.recv(), pipe.send))
    except (EOFError, BrokenPipeError):
        pass
    except KeyboardInterrupt:
        os._exit(_TERMINATED)  # torch takes seconds to leave in order; nothing is held any more


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: what it interrupts clears up
    raise KeyboardInterrupt
