"""A pool of daemon threads: a hung task does not block interpreter exit."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class DaemonPool:
    """A pool of daemon threads that start submitted tasks in order.

    The interpreter does not join daemon threads when it exits, but it joins the threads of the
    standard library's ThreadPoolExecutor.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._tasks: queue.SimpleQueue[tuple[Future[None], Callable[[], None]] | None] = (
            queue.SimpleQueue()
        )
        self._threads = [
            threading.Thread(target=self._work, name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, work: Callable[..., None], *arguments: Any) -> Future[None]:
        """Queue `work(*arguments)`; the returned future gets None or the task's exception."""
        future: Future[None] = Future()
        self._tasks.put((future, lambda: work(*arguments)))
        return future

    def close(self) -> None:
        """Let the threads end after all tasks submitted so far; return at once."""
        for _ in self._threads:
            self._tasks.put(None)

    def join(self) -> None:
        """Wait until all threads of a closed pool have ended."""
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (item := self._tasks.get()) is not None:
            future, work = item
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - the future hands it to its reader
                future.set_exception(error)
            else:
                future.set_result(None)
            del item, future, work  # an idle thread must not keep a task's memory alive
