"""Makes failures that presidio-analyzer logs and passes over into exceptions, and logs none of it.

Presidio skips a pattern whose time is up and a match that it cannot validate, which it writes to
its log, with the match: a text would pass that was not looked at. So inside `failures_raised` a
warning of presidio's logger is raised, and nothing is logged. Other code of the process that uses
presidio is not concerned.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = ("presidio-analyzer", "decision_process")


class RecognizerFailed(Exception):
    """A recognizer did not look at all of a text; the reason says nothing about the text."""

    def __init__(self, reason: str = "recognizer_failed") -> None:
        super().__init__(reason)
        self.reason = reason


class _Context(threading.local):
    inside = False


_context = _Context()


@contextmanager
def failures_raised() -> Iterator[None]:
    """Raise RecognizerFailed for each warning of presidio in this thread, whatever logs are on."""
    for name in _NAMES:
        _guard(logging.getLogger(name))
    _context.inside = True
    try:
        yield
    finally:
        _context.inside = False


def _guard(logger: Any) -> None:
    if hasattr(logger, "_is_guarded"):
        return
    is_enabled, handle = logger.isEnabledFor, logger.handle

    def is_enabled_here(level: int) -> bool:
        return level >= logging.WARNING if _context.inside else is_enabled(level)

    def handle_here(record: logging.LogRecord) -> None:
        if _context.inside:
            raise RecognizerFailed
        handle(record)

    logger.isEnabledFor, logger.handle, logger._is_guarded = is_enabled_here, handle_here, True
