"""Work that follows its caller: a piece is done in a thread while the next one is made."""

from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self

from pipelines.concurrency.daemon_pool import DaemonPool


class BackgroundWorker:
    """Does pieces of work in order, one at a time; a caller with the next one waits for the last.

    What a piece raises is raised where the next one is handed over, or on leaving, and goes before
    whatever the caller met later. Leaving waits for the piece in work, interrupted or not, and
    leaves no thread. Unless `apart`, a piece is done where it is handed over, by the caller.
    """

    def __init__(self, name: str, *, apart: bool = True) -> None:
        self._pool = DaemonPool(1, name) if apart else None
        self._in_work: Future[None] | None = None

    def submit(self, work: Callable[..., None], *arguments: Any) -> None:
        self._wait()
        if self._pool is None:
            work(*arguments)
        else:
            self._in_work = self._pool.submit(work, *arguments)

    def _wait(self) -> None:
        in_work, self._in_work = self._in_work, None
        if in_work is not None:
            in_work.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, raised: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        try:
            if raised is None or issubclass(raised, Exception):
                self._wait()
        finally:
            if self._pool is not None:
                self._pool.close()
                self._pool.join()
