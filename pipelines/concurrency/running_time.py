"""Deadlines that do not count the time in which this process was stopped or the machine slept."""

from collections.abc import Callable

_SLICES = 20


def wait_while_running(wait: Callable[[float], bool], seconds: float) -> bool:
    """Call `wait` with a short time-out until it returns True; False after `seconds` in total.

    Each call counts as its time-out, however long it took: a process that is stopped in it, or a
    machine that sleeps, loses one slice and not the deadline.
    """
    return any(wait(seconds / _SLICES) for _ in range(_SLICES))
