"""Shows on stderr how many samples of a Python call are done, in a terminal or a notebook."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_FEW = 32  # samples, inclusive: no progress is shown


def progress_console() -> Console | None:
    """Return a console for progress; None if stderr is neither a terminal nor a notebook.

    A notebook without ipywidgets cannot show bars: its console prints lines.
    """
    console = Console(stderr=True, highlight=False)
    if console.is_jupyter:
        if find_spec("ipywidgets") is None:
            return Console(stderr=True, highlight=False, force_jupyter=False, force_terminal=False)
        return console
    return console if console.is_terminal else None


@contextmanager
def show_samples(
    total: int, wanted: bool, what: str = "samples"
) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts finished samples, and show the count if it is `wanted`.

    `what` names other things that are counted.
    """
    console = progress_console() if wanted and total > _FEW else None
    if console is None:
        yield lambda _: None
        return
    if not (console.is_terminal or console.is_jupyter):
        yield _lines(console, total, what)
        return
    columns = (MofNCompleteColumn(), TextColumn(what), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=total)
        yield lambda number: bar.advance(task, number)


def _lines(console: Console, total: int, what: str) -> Callable[[int], None]:
    """Return a function that prints a line at each tenth of all samples."""
    done = 0

    def count(number: int) -> None:
        nonlocal done
        tenths = 10 * done // total
        done += number
        if 10 * done // total > tenths:
            console.print(f"{done} of {total} {what}")

    return count
