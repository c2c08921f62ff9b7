"""What several commands print: JSON, rows with their images, and a run's progress and summary."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from pipelines.logs.log import is_json, log, shows

if TYPE_CHECKING:
    from rich.status import Status

    from pipelines.display.progress import RunProgress
    from pipelines.display.run_log import RunLog
    from pipelines.operations.canary import Canary
    from pipelines.operations.row_images import RowImage
    from schemas.report import Summary

# Without emoji: `pipe:cat:` would be shown with a cat.
STDOUT = Console(highlight=False, emoji=False)
STDERR = Console(stderr=True, highlight=False, emoji=False)


def print_json(value: Any) -> None:
    # Elsewhere than in JSON, what an encoding lacks is escaped as \xe9, which JSON does not know.
    is_utf = (sys.stdout.encoding or "").lower().startswith("utf")
    typer.echo(json.dumps(value, indent=1, ensure_ascii=not is_utf))


def print_rows(rows: "Sequence[RowImage]") -> None:
    """Print each row as a panel."""
    from pipelines.display.row_panel import row_panel

    for row in rows:
        STDOUT.print(row_panel(row.row))
    if not rows:
        STDOUT.print("no such rows: `shardmill status OUTPUT` counts rows by status and reason")


def rows_as_json(rows: "Sequence[RowImage]") -> list[Any]:
    """Return rows for JSON: what it has no type for as text, and null for NaN and infinity."""
    return [_as_json(row.row) for row in rows]


def _as_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _as_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    if isinstance(value, float):
        return value if isfinite(value) else None
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)


def save_sheet(rows: "Sequence[RowImage]", file: Path) -> None:
    """Save the contact sheet of all images, and say where it is; without rows, do nothing."""
    from pipelines.display.contact_sheet import contact_sheet

    if rows:
        contact_sheet(rows).save(file, "PNG")
        inform(f"The images are in {file}")


def inform(line: str) -> None:
    """Tell on stderr what a command does, unless it is quiet."""
    if is_json():
        log("notice", line)
    elif shows("info"):
        STDERR.print(line, markup=False, soft_wrap=True)


def spinner(text: str) -> "Status":
    """Return a context that shows on a terminal that a command is at work."""
    return (STDERR if shows("info") else Console(quiet=True)).status(text)


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


def print_summary(
    summary: "Summary", output: str, as_json: bool, canary: "Canary | None" = None
) -> None:
    from pipelines.display.run_log import log_summary
    from pipelines.display.tables import canary_table, summary_table
    from pipelines.output.layout import Layout

    if is_json():
        log_summary(summary)
    if as_json:
        projection = {"canary": canary.model_dump(mode="json")} if canary else {}
        print_json({**summary.model_dump(mode="json"), **projection})
        return
    if not shows("info"):
        return
    STDOUT.print(summary_table(summary, Layout(output)))
    if canary:
        STDOUT.print(canary_table(canary))
