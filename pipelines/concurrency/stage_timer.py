"""Measures how long each stage of the pass is busy, over all threads."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from schemas.report import Stage

Item = TypeVar("Item")
Result = TypeVar("Result")


class StageTimer:
    """The number of items and the seconds of each stage; several threads may use it at once."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._stages: dict[str, tuple[int, float]] = {}

    @contextmanager
    def stage(self, name: str, items: int) -> Iterator[None]:
        """Add `items` and the time spent inside the context to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, items, time.perf_counter() - start)

    def timed(
        self,
        name: str,
        step: Callable[[Item], Result],
        count: Callable[[Item], int] = lambda _: 0,
    ) -> Callable[[Item], Result]:
        """Wrap a step: each call adds its time, and `count(argument)` items, to a stage."""

        def timed_step(item: Item) -> Result:
            with self.stage(name, count(item)):
                return step(item)

        return timed_step

    def timed_items(self, name: str, items: Iterator[Item]) -> Iterator[Item]:
        """Yield the items; each item, and the time taken to get it, counts for a stage."""
        while True:
            start = time.perf_counter()
            item = next(items, None)
            self.add(name, int(item is not None), time.perf_counter() - start)
            if item is None:
                return
            yield item

    def add(self, name: str, items: int, seconds: float) -> None:
        """Add items and seconds to a stage."""
        with self._lock:
            items_before, seconds_before = self._stages.get(name, (0, 0.0))
            self._stages[name] = (items_before + items, seconds_before + seconds)

    def take(self) -> dict[str, Stage]:
        """Return the stages, and begin anew without any."""
        with self._lock:
            taken = self.stages()
            self._stages = {}
        return taken

    def stages(self) -> dict[str, Stage]:
        """Return items and seconds by stage, in the order of each stage's first use."""
        with self._lock:
            return {n: Stage(items=i, seconds=round(s, 4)) for n, (i, s) in self._stages.items()}
