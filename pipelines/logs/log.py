"""The log of this process: events on stderr, as text or as JSON.

`configuration` decides the format and the level. Without it, as in a Python program that calls
`run`, only errors are shown.
"""

import json
import os
import sys
import threading
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TextIO

from pipelines.logs.events import EVENTS, LEVELS, Level

LogFormat = Literal["text", "json"]
FORMATS: tuple[LogFormat, ...] = ("text", "json")
FORMAT_VARIABLE = "SHARDMILL_LOG_FORMAT"
LEVEL_VARIABLE, RUN_VARIABLE = "SHARDMILL_LOG_LEVEL", "SHARDMILL_LOG_RUN"

# A pipe takes a line of at most so many bytes in one piece, whoever else writes to it.
_MAX_LINE = 4096
_MAX_MESSAGE = 2000  # characters


class LogSettings(NamedTuple):
    """How events are written."""

    format: LogFormat
    level: Level  # the lowest that is shown


class _Log:
    """The state of this process's log."""

    def __init__(self) -> None:
        self.settings = LogSettings("text", "error")
        self.run = ""
        self.stream: TextIO | None = None  # JSON is written here; None: to sys.stderr
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


def settings() -> LogSettings:
    """Return how events are written."""
    return _LOG.settings


def change_settings(changed: LogSettings) -> None:
    """Write events from now on in another way."""
    _LOG.settings = changed


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


def set_run(run: str) -> None:
    """Name the run in the lines of this process, and of child processes that start from now on."""
    _LOG.run = run
    if LEVEL_VARIABLE in os.environ:  # the log of this process is configured
        os.environ[RUN_VARIABLE] = run


def current_run() -> str:
    """Return the name of the run that `set_run` named."""
    return _LOG.run


def variables() -> dict[str, str]:
    """Return the environment variables from which a worker on another machine configures its log.

    Empty if the log of this process is not configured.
    """
    names = (FORMAT_VARIABLE, LEVEL_VARIABLE, RUN_VARIABLE)
    return {n: os.environ[n] for n in names if n in os.environ} if is_configured() else {}


def is_configured() -> bool:
    """Return whether this process, or the one that started it, configured the log."""
    return LEVEL_VARIABLE in os.environ


def set_stream(stream: TextIO | None) -> None:
    """Write JSON to a stream instead of sys.stderr, which may lead back to the log."""
    _LOG.stream = stream
