"""The options --log-format and --quiet, and the log of every command."""

import functools
import inspect
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from pipelines.cli.exit_codes import WRONG_JOB, print_error
from pipelines.logs.configuration import configured
from pipelines.logs.log import FORMAT_VARIABLE, FORMATS, LogFormat, is_json, log

_FRAMES = 8  # of a traceback, the innermost ones


class Format(StrEnum):
    """The formats of the log: an enum, because typer takes no literals here."""

    text = "text"
    json = "json"


LogFormatOption = Annotated[
    Format | None,
    typer.Option(
        "--log-format",
        help="What stderr gets: text, or JSON lines. Default: SHARDMILL_LOG_FORMAT, else text.",
        show_default=False,
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show only warnings and errors.")]


def with_log(command: Callable[..., None], *, options: bool) -> Callable[..., None]:
    """Wrap a command so that the log is configured while it runs.

    The variable SHARDMILL_LOG_FORMAT chooses the format of every command; with `options`, the
    command gets the options --log-format and --quiet.
    """

    @functools.wraps(command)
    def wrapped(
        *args: Any, log_format: Format | None = None, quiet: bool = False, **kwargs: Any
    ) -> None:
        try:
            chosen = format_of(log_format)
        except ValueError as error:
            print_error(str(error), WRONG_JOB)
            raise typer.Exit(WRONG_JOB) from None
        with configured(chosen, quiet=quiet), _crashes_logged():
            command(*args, **kwargs)

    if options:
        added = {"log_format": (LogFormatOption, None), "quiet": (QuietOption, False)}
        signature = inspect.signature(command)
        parameters = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind
            )
            for name, (kind, default) in added.items()
        ]
        wrapped.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*signature.parameters.values(), *parameters]
        )
        kinds = {name: kind for name, (kind, _) in added.items()}
        wrapped.__annotations__ = {**command.__annotations__, **kinds}
    return wrapped


@contextmanager
def _crashes_logged() -> Iterator[None]:
    """In JSON, log an unexpected exception without its message, which may quote data."""
    try:
        yield
    except (typer.Exit, typer.Abort, TyperException):
        raise
    except Exception as error:
        if not is_json():
            raise
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames)]
        log("crashed", f"{type(error).__name__} at {', '.join(places)}", exit_code=1)
        raise typer.Exit(1) from None


def format_of(option: Format | None = None) -> LogFormat:
    """Return the format that the option or, without it, the environment chooses.

    Raises ValueError if the environment names another one.
    """
    named = option.value if option else os.environ.get(FORMAT_VARIABLE) or "text"
    for each in FORMATS:
        if named == each:
            return each
    raise ValueError(f"{FORMAT_VARIABLE}: {named!r} is neither text nor json")


def wanted_format() -> LogFormat:
    """Return the format for errors of a command line that could not be parsed."""
    words = [word for argument in sys.argv[1:] for word in argument.split("=", 1)]
    if "--log-format" in words[:-1] and words[words.index("--log-format") + 1] == "json":
        return "json"
    return "json" if os.environ.get(FORMAT_VARIABLE) == "json" else "text"
