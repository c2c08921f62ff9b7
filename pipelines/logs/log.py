"""The log of this process: events on stderr, as text or as JSON.

A process of the command line configures its log; child processes read the settings from their
environment. Elsewhere, as in a Python program that calls `run`, only errors are shown.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TextIO

from pipelines.logs.events import EVENTS, LEVELS, Level

LogFormat = Literal["text", "json"]
FORMATS: tuple[LogFormat, ...] = ("text", "json")
FORMAT_VARIABLE = "SHARDMILL_LOG_FORMAT"
_LEVEL_VARIABLE, _RUN_VARIABLE = "SHARDMILL_LOG_LEVEL", "SHARDMILL_LOG_RUN"

# A pipe takes a line of at most so many bytes in one piece, whoever else writes to it.
_MAX_LINE = 4096
_MAX_MESSAGE = 2000  # characters


class _Settings(NamedTuple):
    format: LogFormat
    level: Level  # the lowest that is shown


class _Log:
    """The state of this process's log."""

    def __init__(self) -> None:
        self.settings = _Settings("text", "error")
        self.run = ""
        self.stream: TextIO | None = None  # JSON is written here; None: to sys.stderr
        self.for_ever = ExitStack()  # contexts that end with the process
        self.lock = threading.RLock()  # a signal's handler may log while its thread does


_LOG = _Log()


def log(event: str, message: str, *, level: Level | None = None, **values: object) -> None:
    """Write an event to stderr, unless its level is below the lowest that is shown.

    `values` are the keys of the event, as `events.EVENTS` lists them. Neither they nor the message
    may hold content of a sample.
    """
    level = level or EVENTS[event].level
    if not shows(level):
        return
    line = " ".join(message.split())
    if is_json():
        _write_json(event, level, line, values)
    else:
        prefix = "shardmill: " if level in ("warning", "error") else ""
        print(f"{prefix}{line}", file=sys.stderr, flush=True)


def shows(level: Level) -> bool:
    """Return whether events of a level are written."""
    return LEVELS.index(level) >= LEVELS.index(_LOG.settings.level)


def is_json() -> bool:
    """Return whether the log is JSON."""
    return _LOG.settings.format == "json"


def _write_json(event: str, level: Level, message: str, values: dict[str, object]) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    head = {"time": now, "level": level, "event": event, "run": _LOG.run}
    if len(message) > _MAX_MESSAGE:
        message = f"{message[: _MAX_MESSAGE - 1]}…"
    line = _as_json({**head, "message": message, **values})
    while len(line) >= _MAX_LINE and message:
        message = message[: len(message) * 3 // 4]
        line = _as_json({**head, "message": f"{message}…", **values})
    with _LOG.lock:
        stream = _LOG.stream or sys.stderr
        stream.write(f"{line}\n")  # one call, so that lines of several threads do not mix
        stream.flush()


def _as_json(value: object) -> str:
    return json.dumps(value, allow_nan=False)


@contextmanager
def configured(log_format: LogFormat, *, quiet: bool = False) -> Iterator[None]:
    """Log in a format inside the context; `quiet` shows only warnings and errors.

    Child processes that start inside inherit the settings. In JSON, what libraries log or print
    to stderr becomes events too.
    """
    before = _LOG.settings, _LOG.run
    variables = {FORMAT_VARIABLE: log_format, _LEVEL_VARIABLE: "warning" if quiet else "info"}
    environment = {name: os.environ.get(name) for name in (*variables, _RUN_VARIABLE)}
    os.environ.update(variables)
    _LOG.settings, _LOG.run = _Settings(log_format, "warning" if quiet else "info"), ""
    try:
        if log_format == "json":
            from pipelines.logs.libraries import captured_libraries

            with captured_libraries():
                yield
        else:
            yield
    finally:
        _LOG.settings, _LOG.run = before
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def set_run(run: str) -> None:
    """Name the run in the lines of this process, and of child processes that start from now on."""
    _LOG.run = run
    if _LEVEL_VARIABLE in os.environ:  # the log of this process is configured
        os.environ[_RUN_VARIABLE] = run


def current_run() -> str:
    """Return the name of the run that `set_run` named."""
    return _LOG.run


def variables() -> dict[str, str]:
    """Return the environment variables from which a worker on another machine configures its log.

    Empty if the log of this process is not configured.
    """
    names = (FORMAT_VARIABLE, _LEVEL_VARIABLE, _RUN_VARIABLE)
    return {n: os.environ[n] for n in names if n in os.environ} if is_configured() else {}


def is_configured() -> bool:
    """Return whether this process, or the one that started it, configured the log."""
    return _LEVEL_VARIABLE in os.environ


def begin_in_worker() -> None:
    """Configure the log of a worker process from its environment, until the process ends."""
    if not is_configured():
        return
    # A user may have set the variables to anything.
    named, lowest = os.environ.get(FORMAT_VARIABLE), os.environ[_LEVEL_VARIABLE]
    log_format: LogFormat = next((each for each in FORMATS if each == named), FORMATS[0])
    level: Level = next((each for each in LEVELS if each == lowest), LEVELS[0])
    _LOG.settings = _Settings(log_format, level)
    _LOG.run = os.environ.get(_RUN_VARIABLE, "")
    if log_format == "json":
        from pipelines.logs.libraries import captured_libraries

        _LOG.for_ever.enter_context(captured_libraries())


def set_stream(stream: TextIO | None) -> None:
    """Write JSON to a stream instead of sys.stderr, which may lead back to the log."""
    _LOG.stream = stream
