"""Processes that work for another: they do not outlive it, and what ended one has a name."""

import multiprocessing
import os
import threading

SICK = 1  # the exit code of a worker that ends itself


def end_with_parent() -> None:
    """From now on this process ends as soon as the one that started it has, whatever it is at."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(SICK)

    threading.Thread(target=watch, name="orphan", daemon=True).start()


def exit_reason(exit_code: int | None) -> str:
    """The name of an end that no worker chose; below zero, a code is that of a signal."""
    if exit_code is not None and exit_code < 0:
        return f"worker_died_of_signal_{-exit_code}"
    return f"worker_died_with_exit_code_{exit_code}"
