"""Configures the log of a process, from the command line or from the environment of a worker.

In JSON, what libraries log or print to stderr becomes events too.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext

from pipelines.logs.events import LEVELS, Level
from pipelines.logs.libraries import captured_libraries
from pipelines.logs.log import (
    FORMAT_VARIABLE,
    FORMATS,
    LEVEL_VARIABLE,
    RUN_VARIABLE,
    LogFormat,
    LogSettings,
    change_settings,
    current_run,
    is_configured,
    set_run,
    settings,
)

_FOR_EVER = ExitStack()  # contexts that end with the process


@contextmanager
def configured(log_format: LogFormat, *, quiet: bool = False) -> Iterator[None]:
    """Log in a format inside the context; `quiet` shows only warnings and errors.

    Child processes that start inside inherit the settings. In JSON, what libraries log or print
    to stderr becomes events too.
    """
    before, run = settings(), current_run()
    variables = {FORMAT_VARIABLE: log_format, LEVEL_VARIABLE: "warning" if quiet else "info"}
    environment = {name: os.environ.get(name) for name in (*variables, RUN_VARIABLE)}
    os.environ.update(variables)
    change_settings(LogSettings(log_format, "warning" if quiet else "info"))
    set_run("")
    try:
        with captured_libraries() if log_format == "json" else nullcontext():
            yield
    finally:
        change_settings(before)
        set_run(run)
        for name, value in environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def begin_in_worker() -> None:
    """Configure the log of a worker process from its environment, until the process ends."""
    if not is_configured():
        return
    # A user may have set the variables to anything.
    named, lowest = os.environ.get(FORMAT_VARIABLE), os.environ[LEVEL_VARIABLE]
    log_format: LogFormat = next((each for each in FORMATS if each == named), FORMATS[0])
    level: Level = next((each for each in LEVELS if each == lowest), LEVELS[0])
    change_settings(LogSettings(log_format, level))
    set_run(os.environ.get(RUN_VARIABLE, ""))
    if log_format == "json":
        _FOR_EVER.enter_context(captured_libraries())
