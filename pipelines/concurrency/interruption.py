"""Handles Ctrl-C and SIGTERM: each ends the process at once, or raises while a command works."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from pipelines.concurrency.process_exit import INTERRUPTION

_CALLBACKS: list[Callable[[], None]] = []


def on_interruption(callback: Callable[[], None]) -> None:
    """Have a function called when a run is interrupted, so that no thread goes on waiting."""
    _CALLBACKS.append(callback)


def cut_short() -> None:
    """End what threads of this process wait for, because the run is interrupted."""
    for callback in _CALLBACKS:
        callback()


def end_on_interruption() -> None:
    """Let Ctrl-C and SIGTERM end the process from now on, with one line and an exit code.

    Ctrl-C stays ignored if it is ignored already, as after `command &`. While modules are imported,
    an exception would end the process with a traceback, or be lost in a library.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not for `command &`
        signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)


@contextmanager
def interruptions_raise() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, and SIGTERM raise Terminated, in the `with` block.

    The exception lets the block close its work. Nothing changes if `end_on_interruption` was not
    called.
    """
    changed = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is _end]
    for number in changed:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    with suppress(OSError):
        os.write(2, f"shardmill: {INTERRUPTION}\n".encode())
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    from schemas.errors import Terminated  # not above: imports before the handlers take time

    cut_short()
    raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
