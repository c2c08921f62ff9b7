"""Deadlines that do not count the time in which this process was stopped or the machine slept."""

from collections.abc import Callable

_SLICES = 20


def wait_while_running(wait: Callable[[float], bool], seconds: float) -> bool:
    """Return whether `wait` returns True within `seconds` in which this process runs.

    `wait` is called again and again with a short time-out. Each call counts as its time-out,
    however long the call took: a process that is stopped, or a machine that sleeps, loses one call
    and not the deadline.
    """
    return any(wait(seconds / _SLICES) for _ in range(_SLICES))
