"""A pool of worker processes on this machine; each gets GPUs of its own if there are any."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType
from typing import Any, NamedTuple, NoReturn

from inference import visible_gpus
from pipelines.concurrency.child_process import end_with_parent, exit_reason
from pipelines.concurrency.interruption import cut_short, raise_interruption
from pipelines.concurrency.process_exit import TERMINATED
from pipelines.concurrency.standard_streams import secure_stderr
from pipelines.logs.configuration import begin_in_worker
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.runners.worker import Worker
from pipelines.runners.worker_pool import Assignment, Lost, Message, load_worker, run_assignment
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, Progress

_WORKERS_SHARE = 0.7  # of the time to stop, in which workers must end; the rest is this process's
_LONGEST_WAIT = 2  # seconds for messages; meanwhile other runs may have released units


class _WorkerProcess(NamedTuple):
    process: SpawnProcess
    pipe: "Connection[Any, Any]"
    gpus: str | None  # a value for CUDA_VISIBLE_DEVICES


class LocalWorkerPool:
    """A WorkerPool of spawned processes, which share no memory with this one."""

    def __init__(
        self,
        job: ResolvedJob,
        storage: Storage,
        workers: int,
        on_progress: OnProgress,
        claim: bytes = b"",
    ) -> None:
        """Prepare the pool of a run; `claim` is the content of its claims."""
        cores = len(os.sched_getaffinity(0))
        # Only decoding threads are divided among workers. The engine uses the resolved number of
        # threads, because that number affects output bytes.
        threads = job.job.runner.decode_threads or max(1, cores // workers)
        self._arguments = (job, storage, threads, claim)
        self._on_progress = on_progress
        self._numbers = count()
        self._workers: dict[int, _WorkerProcess] = {}
        stop_seconds = job.job.runner.stop_seconds
        # Null: workers may take long, but one that hangs must not hold the run for ever.
        self._grace = _WORKERS_SHARE * (3600 if stop_seconds is None else stop_seconds)
        gpus_per_worker = job.job.runner.model_gpus
        visible = visible_gpus() if job.resolved.device == "cuda" else []
        wanted = workers * gpus_per_worker
        if visible and wanted > len(visible):
            raise JobError(
                f"runner.workers: {workers} workers take {wanted} GPUs, but {len(visible)} are "
                "visible here"
            )
        firsts = range(0, wanted, gpus_per_worker) if visible else ()
        self._gpus = [",".join(visible[i : i + gpus_per_worker]) for i in firsts]

    def start(self) -> int:
        context = multiprocessing.get_context("spawn")
        pipe, worker_end = context.Pipe()
        used = {worker.gpus for worker in self._workers.values()}
        gpus = next((gpus for gpus in self._gpus if gpus not in used), None)
        process = context.Process(target=_serve, args=(*self._arguments, gpus, worker_end))
        process.start()
        worker_end.close()
        number = next(self._numbers)
        self._workers[number] = _WorkerProcess(process, pipe, gpus)
        return number

    def assign(self, worker: int, assignment: Assignment) -> None:
        with suppress(BrokenPipeError):  # the worker has ended: messages() reports its loss
            self._workers[worker].pipe.send(assignment)

    def messages(self) -> Iterator[tuple[int, Message]]:
        numbers = {worker.pipe: number for number, worker in self._workers.items()}
        for pipe in wait(list(numbers), _LONGEST_WAIT):
            number = numbers[pipe]  # type: ignore[index]  # only pipes were passed to wait()
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

    def _end(self, workers: list[_WorkerProcess]) -> None:
        for worker in workers:
            worker.process.terminate()
        end = time.monotonic() + self._grace
        for worker in workers:
            worker.process.join(max(0, end - time.monotonic()))
            worker.process.kill()  # a hung worker ignores SIGTERM
            worker.process.join()
            worker.pipe.close()


def _serve(  # noqa: PLR0917 - Process passes arguments by position
    job: ResolvedJob,
    storage: Storage,
    decode_threads: int,
    claim: bytes,
    gpus: str | None,
    pipe: "Connection[Any, Any]",
) -> None:
    """Run a worker: load it, then run assignments from the pipe until the pipe closes."""
    # A terminal sends SIGINT to every process; the parent decides when workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    end_with_parent()
    secure_stderr()
    begin_in_worker()
    if gpus is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpus  # must precede the import of torch
    worker = Worker(job, storage, decode_threads, claim)
    try:
        pipe.send(load_worker(worker))
        while True:
            pipe.send(run_assignment(worker, pipe.recv(), pipe.send))
    except (EOFError, BrokenPipeError):
        pass
    except KeyboardInterrupt:
        os._exit(TERMINATED)  # an orderly exit of torch takes seconds; nothing is left to release


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second signal must not interrupt the cleanup
    cut_short()
    raise_interruption(signum, KeyboardInterrupt)
