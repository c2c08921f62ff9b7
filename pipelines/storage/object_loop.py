"""Runs requests to object stores in one thread per process, so that a caller can stop waiting.

A thread that waits inside of the client's library can neither be interrupted nor ended: Ctrl-C
would be answered when the request ends, and an interpreter that exits meanwhile would be aborted.
Requests are therefore coroutines of an event loop of this module, which cancels them at once.
"""

import asyncio
import atexit
import concurrent.futures
import errno
import math
import os
import threading
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from pipelines.concurrency.interruption import on_interruption

T = TypeVar("T")

_HURRIED_SECONDS = 60.0  # after an interruption, within which requests must be short
_SHORT_SECONDS = 2.0  # that a request may take then
_SETTLE_SECONDS = 0.2  # until the library's threads have let go of canceled requests


class _RequestThread:
    """A daemon thread with an event loop, and the requests that run in it."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.loop = asyncio.new_event_loop()
        self.hurried_until = 0.0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._canceled_at = -math.inf  # when a request was canceled last
        self._thread = threading.Thread(target=self._work, name="object-requests", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def track(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            return await work
        except asyncio.CancelledError:
            self._canceled_at = time.monotonic()
            raise
        finally:
            self._tasks.discard(task)

    def hurry(self) -> None:
        """Cancel all requests, and let those of the next seconds be short."""
        self.hurried_until = time.monotonic() + _HURRIED_SECONDS
        self.loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    def end(self) -> None:
        """Cancel all requests and end the thread."""
        if self.process != os.getpid() or self.loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self.loop)
        self._thread.join(2 * _SHORT_SECONDS)
        if not self._thread.is_alive():
            self.loop.close()

    async def _end(self) -> None:
        tasks = list(self._tasks)
        self._cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_SHORT_SECONDS)
        # A thread of the library that enters an interpreter which exits prints a panic.
        unsettled = self._canceled_at + _SETTLE_SECONDS - time.monotonic()
        if unsettled > 0:
            await asyncio.sleep(unsettled)
        self.loop.stop()


_THREADS: list[_RequestThread] = []  # none or one
_LOCK = threading.Lock()


def _thread() -> _RequestThread:
    with _LOCK:
        if not _THREADS:
            thread = _RequestThread()
            atexit.register(thread.end)
            on_interruption(thread.hurry)
            _THREADS.append(thread)
        if _THREADS[0].process != os.getpid():  # the client's threads do not exist in a fork
            raise RuntimeError(
                "this process was forked from one that had used an object store: start processes "
                "with the method spawn or forkserver"
            )
        return _THREADS[0]


def start(work: Coroutine[Any, Any, T]) -> "concurrent.futures.Future[T]":
    """Start a request; canceling the future cancels the request."""
    thread = _thread()
    return asyncio.run_coroutine_threadsafe(thread.track(work), thread.loop)


def wait_for(work: Coroutine[Any, Any, T], url: str) -> T:
    """Run a request and return its result; an exception in the waiting thread cancels it.

    Raises OSError with ECANCELED if the run is interrupted meanwhile.
    """
    future = start(work)
    try:
        return future.result()
    except concurrent.futures.CancelledError:
        raise canceled(url) from None
    finally:
        future.cancel()  # does nothing if the request has ended


def canceled(url: str) -> OSError:
    """Return the error of a request that an interruption has canceled."""
    return OSError(errno.ECANCELED, "the request was interrupted", url)


def call_soon(callback: Any) -> None:
    """Call a function in the thread of the requests, unless the thread has ended."""
    if _THREADS and not (loop := _THREADS[0].loop).is_closed():
        loop.call_soon_threadsafe(callback)


def short_seconds() -> float | None:
    """Return the seconds that a request may take shortly after an interruption; else None."""
    hurried = bool(_THREADS) and time.monotonic() < _THREADS[0].hurried_until
    return _SHORT_SECONDS if hurried else None
