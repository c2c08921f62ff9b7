"""Child processes that exit with their parent, and readable reasons for their exit."""

import multiprocessing
import os
import threading

from pipelines.concurrency.process_exit import WORKER_FAULT


def end_with_parent() -> None:
    """End this process as soon as its parent has ended, even in the middle of work."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(WORKER_FAULT)

    threading.Thread(target=watch, name="orphan", daemon=True).start()


def exit_reason(exit_code: int | None) -> str:
    """Name the reason why a process ended; a negative exit code is the number of a signal."""
    if exit_code is not None and exit_code < 0:
        return f"worker_died_of_signal_{-exit_code}"
    return f"worker_died_with_exit_code_{exit_code}"
