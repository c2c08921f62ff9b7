"""A worker thread that runs one task while its caller prepares the next one."""

from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from pipelines.concurrency.daemon_pool import DaemonPool
from pipelines.concurrency.interruption import cut_short


class BackgroundWorker:
    """A worker that runs tasks in order, one at a time; `submit` waits for the previous task.

    A task's exception is raised by the next `submit`, or when the context is left; in the second
    case it replaces an `Exception` that the caller raised. Leaving the context waits for the
    running task, even after an interruption, which cuts requests to object stores short, and ends
    the thread. Without `in_thread` there is no
    thread: the caller runs each task within `submit`.
    """

    def __init__(self, name: str, *, in_thread: bool = True) -> None:
        self._pool = DaemonPool(1, name) if in_thread else None
        self._running: Future[None] | None = None

    def submit(self, work: Callable[..., None], *arguments: Any) -> None:
        """Start `work(*arguments)` after the previous task; raise the previous task's exception."""
        self._wait()
        if self._pool is None:
            work(*arguments)
        else:
            self._running = self._pool.submit(work, *arguments)

    def _wait(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, raised: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        try:
            if raised is None or issubclass(raised, Exception):
                self._wait()
            else:
                cut_short()
        finally:
            if self._pool is not None:
                self._pool.close()
                self._pool.join()
