"""Contenders that are measured by turns in one process, and how their figures are told."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple, TypeVar

Found = TypeVar("Found")


class Turn(NamedTuple):
    """One turn of a contender, in seconds."""

    wall: float
    cpu: float


def by_turns(
    contenders: Mapping[str, Callable[[], Found]], turns: int
) -> Iterator[tuple[str, Turn, Found]]:
    """Each contender once a turn, what it took and what it gave.

    They go forwards in one turn and backwards in the next, for what else a machine does drifts.
    """
    names = list(contenders)
    for number in range(turns):
        for name in names if number % 2 == 0 else reversed(names):
            started, used = time.perf_counter(), time.process_time()
            found = contenders[name]()
            taken = Turn(time.perf_counter() - started, time.process_time() - used)
            yield name, taken, found


def spread(values: Sequence[float], digits: int) -> str:
    """The median, and the extremes in brackets."""
    low, high = min(values), max(values)
    return f"{median(values):.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"
