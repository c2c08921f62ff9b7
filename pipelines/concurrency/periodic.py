"""Repeats an action at an interval, in a thread that ends with a context."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_END_SECONDS = 2.0  # within which an action that is at work may end


@contextmanager
def every(seconds: float, action: Callable[[], None], name: str) -> Iterator[None]:
    """Call an action each time that `seconds` have passed inside the context.

    The thread, which has this name, is a daemon: an action that hangs keeps no process alive.
    """
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(seconds):
            action()

    thread = threading.Thread(target=repeat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(_END_SECONDS)
