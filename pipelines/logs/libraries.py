"""Turns what libraries log, warn of or print to stderr into events of a log in JSON.

A C library that writes to the file descriptor itself, such as a crash, is not turned.
"""

import io
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from pipelines.logs.events import Level
from pipelines.logs.log import log, set_stream

_MAX_LINE = 10_000  # characters that are held back until a line ends


class LineEvents(io.TextIOBase):
    """A text stream whose lines become events; it is no terminal, so that nobody draws bars."""

    def __init__(self, beneath: TextIO, level: Level) -> None:
        self._beneath = beneath
        self._level: Level = level
        self._rest = ""
        self._lock = threading.RLock()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._beneath.fileno()

    def write(self, text: str) -> int:
        with self._lock:
            *lines, self._rest = (self._rest + text).replace("\r", "\n").split("\n")
            if len(self._rest) > _MAX_LINE:
                lines, self._rest = [*lines, self._rest], ""
            for line in lines:
                self._log(line)
        return len(text)

    def end(self) -> None:
        """Log what was written after the last line break."""
        with self._lock:
            self._log(self._rest)
            self._rest = ""

    def _log(self, line: str) -> None:
        if line.strip():
            log("output", line, level=self._level)


@contextmanager
def captured_libraries() -> Iterator[None]:
    """Turn messages of libraries into events inside the context.

    Libraries add handlers of their own to their loggers, some of them only when they are imported,
    and none to the root logger. What all handlers have in common is that they write to stderr.
    """
    stderr, write_record, show = sys.stderr, logging.StreamHandler.emit, warnings.showwarning
    lines = LineEvents(stderr, "warning")
    streams = (stderr, sys.__stderr__, lines)

    def emit(handler: "logging.StreamHandler[TextIO]", record: logging.LogRecord) -> None:
        if not any(handler.stream is stream for stream in streams):
            write_record(handler, record)
            return
        try:
            # Without the traceback, whose last line may quote data.
            log("library_message", record.getMessage(), level=_level(record), logger=record.name)
        except Exception:  # noqa: BLE001 - as logging does: the arguments may not fit the message
            handler.handleError(record)

    def show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
        log("library_message", f"{category.__name__}: {message}", logger="py.warnings")

    set_stream(stderr)
    sys.stderr = lines
    logging.StreamHandler.emit = emit  # type: ignore[method-assign, assignment]
    warnings.showwarning = show_warning  # type: ignore[assignment]
    try:
        yield
    finally:
        lines.end()
        warnings.showwarning = show
        logging.StreamHandler.emit = write_record  # type: ignore[method-assign]
        sys.stderr = stderr
        set_stream(None)


def _level(record: logging.LogRecord) -> Level:
    if record.levelno >= logging.ERROR:
        return "error"
    if record.levelno >= logging.WARNING:
        return "warning"
    return "info" if record.levelno >= logging.INFO else "debug"
