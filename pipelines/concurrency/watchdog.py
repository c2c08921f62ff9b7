"""A bound on how long a piece of work may take in this thread, where nothing can interrupt it."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SICK = 1  # the exit code of a worker that ends itself


@contextmanager
def deadline(seconds: float | None, what: str) -> Iterator[None]:
    """End this process if the work inside takes longer; None: wait for ever.

    A call that hangs on a device cannot be interrupted. The unit in work stays as it is, so that
    another process takes it up.
    """
    if seconds is None:
        yield
        return

    def end() -> None:
        print(
            f"shardmill: {what} took longer than runner.block_seconds = {seconds:g}: this process "
            "ends; run again to go on, with a higher value if nothing hung",
            file=sys.stderr,
            flush=True,
        )
        os._exit(SICK)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
