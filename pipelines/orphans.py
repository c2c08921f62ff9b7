"""What works for another process does not outlive it."""

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
