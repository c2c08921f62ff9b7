"""Shows on stderr that a command is at work: spinners, bars, and the progress of a run."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from rich.console import Console

from pipelines.cli.printing import STDERR
from pipelines.logs.log import is_json, shows

if TYPE_CHECKING:
    from rich.status import Status

    from pipelines.display.progress import RunProgress
    from pipelines.display.run_log import RunLog


def spinner(text: str) -> "Status":
    """Return a context that shows on a terminal that a command is at work."""
    return (STDERR if shows("info") else Console(quiet=True)).status(text)


@contextmanager
def step_spinner(text: str) -> Iterator[Callable[[str, float], None]]:
    """Yield a function that shows the step at work, and its share that is done, from 0 to 1.

    `text` is shown until the first step begins.
    """
    with spinner(text) as shown:
        yield lambda step, share: shown.update(f"{step}: {share:.0%}")


def sample_bar(
    what: str = "samples",
) -> Callable[[int], AbstractContextManager[Callable[[int], None]]]:
    """Return a function of a total, which opens a bar; the bar yields a function that counts.

    `what` names what is counted.
    """
    from pipelines.display.sample_progress import show_samples

    return lambda total: show_samples(total, shows("info"), what)


@contextmanager
def progress_on_stderr() -> "Iterator[RunProgress | RunLog]":
    """Show the progress of a run on stderr, and send everything printed to stdout there too.

    Ray prints messages to stdout, where only the command's result may appear.
    """
    from pipelines.display.progress import RunProgress
    from pipelines.display.run_log import RunLog

    if is_json():
        from pipelines.logs.libraries import LineEvents

        printed = LineEvents(sys.stderr, "info")
        with RunLog() as run_log, redirect_stdout(printed):
            yield run_log
        printed.end()
        return
    with RunProgress(STDERR, quiet=not shows("info")) as progress, redirect_stdout(sys.stderr):
        yield progress
