"""Handles Ctrl-C and SIGTERM: each ends the process at once, or raises while a command works."""

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import NoReturn

from pipelines.concurrency.process_exit import INTERRUPTION, TERMINATED
from pipelines.concurrency.running_time import wait_while_running

STOP_SECONDS = 10.0
_PAUSE = 0.01  # seconds

_CALLBACKS: list[Callable[[], None]] = []
_stop_seconds: float | None = STOP_SECONDS


def stop_within(seconds: float | None) -> None:
    """Set the longest time from SIGTERM to the end of this process; None sets no limit."""
    global _stop_seconds  # noqa: PLW0603 - there is one process, and one handler of SIGTERM
    _stop_seconds = seconds


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

    The exception lets the block close its work, after SIGTERM for as long as `stop_within` says,
    and further SIGTERMs are ignored. Nothing changes if `end_on_interruption` was not called.
    """
    changed = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) is _end]
    for number in changed:
        signal.signal(number, _raise)
    try:
        yield
    finally:
        for number in changed:
            if signal.getsignal(number) is _raise:  # not after SIGTERM, which is ignored then
                signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    with suppress(OSError):
        os.write(2, f"shardmill: {INTERRUPTION}\n".encode())
    os._exit(128 + number)


def _raise(number: int, frame: FrameType | None) -> None:
    from schemas.errors import Terminated  # not above: imports before the handlers take time

    if number == signal.SIGTERM:
        signal.signal(number, signal.SIG_IGN)  # a second one must not interrupt the cleanup
        if _stop_seconds is not None:
            # Not by `threading`, whose lock the interrupted code may hold.
            _thread.start_new_thread(_end_after, (_stop_seconds,))
    cut_short()
    raise_interruption(number, Terminated if number == signal.SIGTERM else KeyboardInterrupt)


def raise_interruption(number: int, error: type[KeyboardInterrupt]) -> NoReturn:
    """Raise an error from the handler of a signal, and again if the interrupted code ignores it.

    Python prints and ignores what is raised in `__del__` and in callbacks of weak references.
    """
    next_hook = sys.unraisablehook

    def hook(ignored: "sys.UnraisableHookArgs") -> None:
        if ignored.exc_type is not error:
            next_hook(ignored)
            return
        sys.unraisablehook = next_hook
        handler = signal.getsignal(number)

        def raise_again(number: int, frame: FrameType | None) -> None:
            if _is_in(hook.__code__, frame):  # whose errors are ignored, too
                _thread.start_new_thread(_send_soon, (number,))
                return
            signal.signal(number, handler)
            raise_interruption(number, error)

        signal.signal(number, raise_again)
        _thread.start_new_thread(_send_soon, (number,))

    sys.unraisablehook = hook
    raise error


def _is_in(code: CodeType, frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


def _send_soon(number: int) -> None:
    """Send a signal to this process when the code that ignored it has probably ended."""
    time.sleep(_PAUSE)
    os.kill(os.getpid(), number)


def _end_after(seconds: float) -> None:
    """End this process if it does not end by itself, because a step hangs or takes long."""
    from pipelines.logs.log import log

    wait_while_running(threading.Event().wait, seconds)
    try:
        log("interrupted", INTERRUPTION, exit_code=TERMINATED)
    finally:
        os._exit(TERMINATED)
