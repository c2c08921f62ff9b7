"""Measure contenders in turn in one process, and format their figures."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple, TypeVar

Result = TypeVar("Result")


class Turn(NamedTuple):
    """One turn of a contender, in seconds."""

    wall: float
    cpu: float


def by_turns(
    contenders: Mapping[str, Callable[[], Result]], turns: int
) -> Iterator[tuple[str, Turn, Result]]:
    """Run each contender once a turn; yield its name, its cost and its result.

    The order is reversed every second turn, because the other load of a machine drifts.
    """
    names = list(contenders)
    for number in range(turns):
        for name in names if number % 2 == 0 else reversed(names):
            started, used = time.perf_counter(), time.process_time()
            result = contenders[name]()
            turn = Turn(time.perf_counter() - started, time.process_time() - used)
            yield name, turn, result


def spread(values: Sequence[float], digits: int) -> str:
    """Format the median, with the extremes in brackets."""
    low, high = min(values), max(values)
    return f"{median(values):.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"
