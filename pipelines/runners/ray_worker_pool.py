"""A WorkerPool of Ray actors. The runner passes the `ray` module in; nothing here imports it."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from pipelines.config.runners import RayRunnerConfig, WorkerRange
from pipelines.config.secrets import environment_value
from pipelines.logs.configuration import begin_in_worker
from pipelines.logs.log import variables as log_variables
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.runners.worker import Worker
from pipelines.runners.worker_pool import Assignment, Lost, Message, load_worker, run_assignment
from pipelines.storage.storage import Storage
from schemas.errors import JobError, WorkerFault
from schemas.report import OnProgress, Progress

_PROGRESS_INTERVAL = 2.0  # seconds between progress requests
_PROGRESS_GROUP = "progress"  # a concurrency group: its thread answers while the other one works
_KILL_SECONDS = 10
_MAX_REASON = 200  # characters of a message of Ray's that are shown
_NODE_DIED = "The actor died because its node has died"  # Ray's words, also for an actor that it
# placed on a node before it noticed that the node had died


@dataclass(frozen=True)
class Environment:
    """The variables of the job's `pass_env`, and those of the log.

    Ray logs a runtime_env, but not an argument.
    """

    values: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, settings: RayRunnerConfig) -> Self:
        """Read the variables from this process; JobError where one is not set."""
        place = "runner.pass_env"
        passed = {name: environment_value(name, place) for name in settings.pass_env}
        return cls({**log_variables(), **passed})


class RayWorker:
    """An actor that runs units in one thread and answers progress requests in another."""

    def __init__(
        self,
        job: ResolvedJob,
        storage: Storage,
        decode_threads: int,
        environment: "Environment",
        claim: bytes = b"",
    ) -> None:
        os.environ.update(environment.values)
        begin_in_worker()
        self._worker = Worker(job, storage, decode_threads, claim)
        self._progress: Progress | None = None

    def load(self) -> Message:
        return load_worker(self._worker)

    def work(self, assignment: Assignment) -> Message:
        try:
            return run_assignment(self._worker, assignment, self._set_progress)
        finally:
            self._progress = None

    def progress(self) -> Progress | None:
        return self._progress

    def _set_progress(self, progress: Progress) -> None:
        self._progress = progress


class RayWorkerPool:
    """A WorkerPool of actors. Ray restarts no actor: the scheduler decides about replacements."""

    def __init__(
        self,
        ray: Any,
        job: ResolvedJob,
        storage: Storage,
        workers: int,
        on_progress: OnProgress,
        *,
        claim: bytes = b"",
    ) -> None:
        """Prepare the pool of a run; `claim` is the content of its claims."""
        settings = job.job.runner
        assert isinstance(settings, RayRunnerConfig)
        self._ray = ray
        self._settings = settings
        self._on_progress = on_progress
        self._actor_class = ray.remote(concurrency_groups={_PROGRESS_GROUP: 1})(RayWorker).options(
            num_cpus=settings.cpus_per_worker,
            num_gpus=settings.gpus_per_worker,
            resources=dict(settings.resources) or None,
            runtime_env=dict(settings.runtime_env) or None,
            max_restarts=0,
            max_task_retries=0,
        )
        # Only decoding threads follow the actor's CPUs. The engine uses the resolved number of
        # threads, because that number affects output bytes.
        threads = settings.decode_threads or max(1, int(settings.cpus_per_worker))
        self._arguments = (job, storage, threads, Environment.of(settings), claim)
        self._numbers = count()
        self._actors: dict[int, Any] = {}
        self._unit_names: dict[int, str] = {}  # worker -> its current unit
        self._pending_messages: dict[Any, int] = {}  # object reference -> worker
        self._pending_progress: dict[Any, int] = {}  # object reference -> worker
        self._progress_requested = time.monotonic()
        # Messages are withheld until this many workers are ready; 0 from then on.
        min_workers = settings.workers.min if isinstance(settings.workers, WorkerRange) else 1
        self._missing = min(min_workers, workers)
        self._withheld: list[tuple[int, Message]] = []
        self._start_deadline = time.monotonic() + settings.wait_seconds

    def start(self) -> int:
        number = next(self._numbers)
        actor = self._actor_class.remote(*self._arguments)
        self._actors[number] = actor
        self._pending_messages[actor.load.remote()] = number
        return number

    def assign(self, worker: int, assignment: Assignment) -> None:
        self._pending_messages[self._actors[worker].work.remote(assignment)] = worker
        self._unit_names[worker] = assignment.unit.name

    def messages(self) -> Iterator[tuple[int, Message]]:
        """Yield messages that arrive within two seconds, and forward progress.

        Messages are withheld until the minimum number of workers is ready. Raises WorkerFault if
        that takes longer than `runner.wait_seconds`.
        """
        references, _ = self._ray.wait(list(self._pending_messages), timeout=_PROGRESS_INTERVAL)
        for reference in references:
            number = self._pending_messages.pop(reference)
            loading = self._unit_names.pop(number, None) is None
            message = self._receive(reference, loading)
            if isinstance(message, Lost | JobError | WorkerFault):
                self._ray.kill(self._actors.pop(number))
                yield number, message
            elif self._missing:
                self._withheld.append((number, message))
            else:
                yield number, message
        if self._missing and len(self._withheld) >= self._missing:
            self._missing = 0
            yield from self._withheld
        elif self._missing and time.monotonic() > self._start_deadline:
            raise WorkerFault(
                f"only {len(self._withheld)} of {self._missing} workers could be started within "
                f"runner.wait_seconds = {self._settings.wait_seconds:g}: the cluster has "
                f"{self._free_resources()} free, each asks for {self._resources_per_worker()}"
            )
        self._forward_progress()

    def close(self) -> None:
        for actor in self._actors.values():
            self._ray.kill(actor)
        if self._pending_messages:  # each resolves, to an error, once its actor has ended
            references = list(self._pending_messages)
            self._ray.wait(references, num_returns=len(references), timeout=_KILL_SECONDS)
        self._actors.clear()
        self._pending_messages.clear()

    def _receive(self, reference: Any, loading: bool) -> Message:
        try:
            message: Message = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            # Ray's message may quote data that the worker has read; while loading it has read none.
            with_machine = isinstance(error, self._ray.exceptions.ActorDiedError) and (
                error.preempted or _NODE_DIED in str(error)
            )
            return Lost(_reason(str(error)) if loading else "worker_died", with_machine)
        return message

    def _forward_progress(self) -> None:
        """Pass on the progress that has arrived, then request progress from all busy workers."""
        if time.monotonic() - self._progress_requested < _PROGRESS_INTERVAL:
            return
        self._progress_requested = time.monotonic()
        if self._pending_progress:
            references, _ = self._ray.wait(
                list(self._pending_progress), num_returns=len(self._pending_progress), timeout=0
            )
            for reference in references:
                number = self._pending_progress.pop(reference)
                with suppress(self._ray.exceptions.RayError):  # messages() reports a lost worker
                    progress = self._ray.get(reference)
                    if progress and progress.unit == self._unit_names.get(number):
                        self._on_progress(progress)
        requested = set(self._pending_progress.values())
        for number in set(self._pending_messages.values()) - requested:
            request = self._actors[number].progress.options(concurrency_group=_PROGRESS_GROUP)
            self._pending_progress[request.remote()] = number

    def _resources_per_worker(self) -> str:
        amounts = {"CPU": self._settings.cpus_per_worker, "GPU": self._settings.gpus_per_worker}
        return _resource_list({**amounts, **self._settings.resources})

    def _free_resources(self) -> str:
        return _resource_list(self._ray.available_resources())


def _reason(message: str) -> str:
    """Return the line of Ray's message on a lost actor that tells the cause."""
    lines = [line for line in message.splitlines() if line.strip() and not line.startswith("\t")]
    causes = [line for line in lines if not line.startswith("The actor never ran")]
    return (causes or lines or [""])[-1][:_MAX_REASON]


def _resource_list(amounts: dict[str, float]) -> str:
    """Write resources in words, such as `1 CPU, 2 rack_a`; leave out memory and node names."""
    parts = [
        f"{amount:g} {kind}"
        for kind, amount in amounts.items()
        if amount and "memory" not in kind and not kind.startswith("node:")
    ]
    return ", ".join(parts) or "nothing"
