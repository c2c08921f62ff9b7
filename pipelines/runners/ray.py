"""The Ray runner: actors on a cluster, one unit in flight each. Ray is imported here alone."""

import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from pipelines.config.runners import RayRunnerConfig, WorkerRange
from pipelines.planning.plan import Plan
from pipelines.planning.resolve import ResolvedJob
from pipelines.runners.scheduler import Assignment, Lost, Message, load, schedule, work
from pipelines.runners.worker import Worker
from pipelines.storage.resolve import absolute
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, Progress, UnitReport
from schemas.sample import Unit

_LOOK_EVERY = 2.0  # seconds between questions for progress
_PROGRESS = "progress"  # answered in a thread of its own, while the other works
_KILLED_WITHIN = 10  # seconds
_REACHED_WITHIN = 10  # seconds
_LONGEST = 200  # characters told of what Ray says
_SUBMITTED = "RAY_JOB_CONFIG_JSON_ENV_VAR"  # what `ray job submit` tells the driver, in JSON


def run_ray(
    plan: Plan, units: tuple[Unit, ...], storage: Storage, on_progress: OnProgress
) -> Generator[UnitReport, None, None]:
    """Work on the units in actors of a Ray cluster."""
    settings = plan.work.job.runner
    assert isinstance(settings, RayRunnerConfig)
    if not units:
        return
    _check_output(plan.work.job.output)
    ray = _ray()
    with _connected(ray, settings):
        workers = settings.workers
        most = workers.max if isinstance(workers, WorkerRange) else workers
        pool = _Actors(ray, plan.work, storage, min(most, len(units)), on_progress)
        metrics = _Metrics(plan.work.job.name)
        for report in schedule(plan, units, storage, pool, most):
            metrics.add(report)
            yield report


def _check_output(output: str) -> None:
    """JobError where the output would go when Ray clears up after `ray job submit`."""
    submitted = json.loads(os.environ.get(_SUBMITTED, "{}"))
    is_relative = absolute(output) != absolute(output, "/")
    if is_relative and "working_dir" in submitted.get("runtime_env", {}):
        raise JobError(
            f"output: {output} would lie in Ray's own copy of the folder that was submitted, which "
            "it deletes: give an absolute path"
        )


def _ray() -> Any:
    # A cluster that is started here would tell its makers that it is used.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ModuleNotFoundError:
        raise JobError(
            "runner: ray is not installed: pip install --constraint constraints.txt '.[ray]'"
        ) from None
    return ray


@contextmanager
def _connected(ray: Any, settings: RayRunnerConfig) -> Iterator[None]:
    """A connection to the cluster; one that the program has already is used, and left open."""
    if ray.is_initialized():
        yield
        return
    address = settings.address or os.environ.get("RAY_ADDRESS") or "local"
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        options["include_dashboard"] = False
    terminate = signal.getsignal(signal.SIGTERM)
    try:
        _knock(address)
        ray.init(address=address, **options)
    except (OSError, ValueError) as error:
        raise JobError(
            f"runner.address: no Ray cluster at {address} ({type(error).__name__}): start one with "
            "`ray start --head`, or leave the address out; where one wants a token, set "
            "RAY_AUTH_MODE=token"
        ) from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, terminate)  # Ray has put its own there
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """OSError where nothing listens at host:port, which Ray takes minutes to find out."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "//" not in host:
        socket.create_connection((host, int(port)), _REACHED_WITHIN).close()


class _Actor:
    """A worker as Ray runs it; units in one thread, questions for progress in another."""

    def __init__(self, job: ResolvedJob, storage: Storage, decode_threads: int) -> None:
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as the command line does
        self._worker = Worker(job, storage, decode_threads)
        self._progress: Progress | None = None

    def load(self) -> Message:
        return load(self._worker)

    def work(self, assignment: Assignment) -> Message:
        try:
            return work(self._worker, assignment, self._note)
        finally:
            self._progress = None

    def progress(self) -> Progress | None:
        return self._progress

    def _note(self, progress: Progress) -> None:
        self._progress = progress


class _Actors:
    """A pool of actors; Ray restarts none of them by itself, for that is `schedule`'s to decide."""

    def __init__(
        self, ray: Any, job: ResolvedJob, storage: Storage, workers: int, on_progress: OnProgress
    ) -> None:
        settings = job.job.runner
        assert isinstance(settings, RayRunnerConfig)
        self._ray = ray
        self._settings = settings
        self._on_progress = on_progress
        # Arithmetic keeps the number of threads that was resolved, for it decides bytes; threads
        # that decode go by what the actor asks for.
        self._actor = ray.remote(concurrency_groups={_PROGRESS: 1})(_Actor).options(
            num_cpus=settings.cpus_per_worker,
            num_gpus=settings.gpus_per_worker,
            resources=dict(settings.resources) or None,
            runtime_env=dict(settings.runtime_env) or None,
            max_restarts=0,
            max_task_retries=0,
        )
        threads = settings.decode_threads or max(1, int(settings.cpus_per_worker))
        self._arguments = (job, storage, threads)
        self._numbers = count()
        self._actors: dict[int, Any] = {}
        self._in_work: dict[int, str] = {}  # the unit each was given last
        self._answers: dict[Any, int] = {}  # what will hold an answer -> whose
        self._questions: dict[Any, int] = {}  # likewise for progress
        self._asked = time.monotonic()
        # Until so many are there, none is given anything; afterwards every one counts.
        least = settings.workers.min if isinstance(settings.workers, WorkerRange) else 1
        self._least = min(least, workers)
        self._ready: list[tuple[int, Message]] = []
        self._latest = time.monotonic() + settings.wait_seconds

    def start(self) -> int:
        number = next(self._numbers)
        actor = self._actor.remote(*self._arguments)
        self._actors[number] = actor
        self._answers[actor.load.remote()] = number
        return number

    def give(self, worker: int, assignment: Assignment) -> None:
        self._answers[self._actors[worker].work.remote(assignment)] = worker
        self._in_work[worker] = assignment.unit.name

    def messages(self) -> Iterator[tuple[int, Message]]:
        answered, _ = self._ray.wait(list(self._answers), timeout=_LOOK_EVERY)
        for answer in answered:
            number = self._answers.pop(answer)
            message = self._read(answer, loading=self._in_work.pop(number, None) is None)
            if isinstance(message, Lost | JobError | WorkerFault):
                self._ray.kill(self._actors.pop(number))
                yield number, message
            elif self._least:
                self._ready.append((number, message))
            else:
                yield number, message
        if self._least and len(self._ready) >= self._least:
            self._least = 0
            yield from self._ready
        elif self._least and time.monotonic() > self._latest:
            raise WorkerFault(
                f"only {len(self._ready)} of {self._least} workers could be started within "
                f"runner.wait_seconds = {self._settings.wait_seconds:g}: the cluster has "
                f"{self._has()} free, each asks for {self._asks()}"
            )
        self._look()

    def close(self) -> None:
        for actor in self._actors.values():
            self._ray.kill(actor)
        if self._answers:  # each comes, as an error, when its actor has ended
            answers = list(self._answers)
            self._ray.wait(answers, num_returns=len(answers), timeout=_KILLED_WITHIN)
        self._actors.clear()
        self._answers.clear()

    def _read(self, answer: Any, loading: bool) -> Message:
        try:
            message: Message = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:
            # Ray's messages could quote what a worker has read; one that loads has read nothing.
            why = str(error).strip().splitlines()[-1] if loading else "worker_died"
            return Lost(why[:_LONGEST])
        return message

    def _look(self) -> None:
        """Tell what is known of progress, and ask anew from time to time."""
        if time.monotonic() - self._asked < _LOOK_EVERY:
            return
        self._asked = time.monotonic()
        if self._questions:
            told, _ = self._ray.wait(
                list(self._questions), num_returns=len(self._questions), timeout=0
            )
            for answer in told:
                number = self._questions.pop(answer)
                with suppress(self._ray.exceptions.RayError):  # messages() tells of its loss
                    progress = self._ray.get(answer)
                    if progress and progress.unit == self._in_work.get(number):
                        self._on_progress(progress)
        asked = set(self._questions.values())
        for number in set(self._answers.values()) - asked:
            ask = self._actors[number].progress.options(concurrency_group=_PROGRESS)
            self._questions[ask.remote()] = number

    def _asks(self) -> str:
        asked = {"CPU": self._settings.cpus_per_worker, "GPU": self._settings.gpus_per_worker}
        return _resources({**asked, **self._settings.resources})

    def _has(self) -> str:
        return _resources(self._ray.available_resources())


def _resources(amounts: dict[str, float]) -> str:
    told = [
        f"{amount:g} {kind}"
        for kind, amount in amounts.items()
        if amount and "memory" not in kind and not kind.startswith("node:")
    ]
    return ", ".join(told) or "nothing"


class _Metrics:
    """What Ray's own metrics tell of a run."""

    def __init__(self, job: str) -> None:
        from ray.util.metrics import Counter, Gauge

        tags = ("job",)
        self._samples = Counter(
            "shardmill_samples", "Samples by status.", tag_keys=("job", "status")
        )
        self._reasons = Counter(
            "shardmill_reasons", "Samples not kept, by filter and reason.", ("job", "reason")
        )
        self._units = Counter("shardmill_units", "Units by status.", ("job", "status"))
        self._rate = Gauge("shardmill_images_per_second", "Since the run began.", tags)
        self._waited = Counter(
            "shardmill_engine_waited_seconds", "Seconds engines waited for blocks.", tags
        )
        self._job = {"job": job}
        self._read = 0
        self._started = time.monotonic()

    def add(self, report: UnitReport) -> None:
        counts = report.counts
        self._units.inc(1, {**self._job, "status": report.status})
        for status, number in counts.by_status().items():
            if number:
                self._samples.inc(number, {**self._job, "status": status})
        for reason, number in counts.reasons.items():
            self._reasons.inc(number, {**self._job, "reason": reason})
        if "wait" in report.stages and report.stages["wait"].seconds:
            self._waited.inc(report.stages["wait"].seconds, self._job)
        self._read += counts.read
        self._rate.set(self._read / max(time.monotonic() - self._started, 1e-9), self._job)
