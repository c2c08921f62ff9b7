"""Threads that nobody waits for: one that hangs does not keep the process from ending."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class DaemonPool:
    """Runs what is submitted, in order; unlike the standard library's executor in daemon threads,
    which an ending process does not join."""

    def __init__(self, threads: int, name: str) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[None], Callable[[], None]] | None] = (
            queue.SimpleQueue()
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[..., None], *arguments: Any) -> Future[None]:
        future: Future[None] = Future()
        self._waiting.put((future, lambda: work(*arguments)))
        return future

    def close(self) -> None:
        """Let the threads end, each with the work it is at."""
        for _ in self._threads:
            self._waiting.put(None)

    def join(self) -> None:
        """Wait until the threads of a closed pool have ended."""
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            future, work = item
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - handed over to whoever waits
                future.set_exception(error)
            else:
                future.set_result(None)
            del item, future, work  # hold nothing while waiting
