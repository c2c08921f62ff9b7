"""Decides when a log gets a line of progress: after the first unit, each minute, and at the end."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from pipelines.concurrency.periodic import every

_SECONDS = 60.0


class MinuteLines:
    """A context that calls `write` when a line is due."""

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._running = ExitStack()
        self._units = 0
        self._units_written = 0

    def on_report(self) -> None:
        """Count a unit that has ended."""
        self._units += 1
        if self._units == 1:
            self._line()

    def _line(self) -> None:
        with self._lock:
            self._units_written = self._units
            self._write()

    def __enter__(self) -> Self:
        self._running.enter_context(every(_SECONDS, self._line, "progress"))
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()
        if self._units > self._units_written:
            self._line()
