"""A time limit for work that cannot be interrupted: the process ends when the limit passes."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.concurrency.process_exit import WORKER_FAULT
from pipelines.concurrency.running_time import wait_while_running
from pipelines.logs.log import log


@contextmanager
def deadline(seconds: float | None, what: str) -> Iterator[None]:
    """End this process if the work inside takes longer than `seconds`; None sets no limit.

    Time in which the process was stopped does not count.

    The process ends because a call that hangs on a device cannot be interrupted. The current unit
    keeps its attempt marker and its committed parts, so that another process can continue it.
    """
    if seconds is None:
        yield
        return

    done = threading.Event()

    def watch() -> None:
        if wait_while_running(done.wait, seconds):
            return
        try:
            log(
                "deadline_passed",
                f"{what} took longer than runner.block_seconds = {seconds:g}: this process ends; "
                "run again to go on, with a higher value if nothing hung",
            )
        finally:  # the process ends, whether the line can be written or not
            os._exit(WORKER_FAULT)

    threading.Thread(target=watch, name="watchdog", daemon=True).start()
    try:
        yield
    finally:
        done.set()
