"""What several commands print: JSON, rows with their images, and a run's progress and summary."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from pipelines.display.progress import RunProgress
    from pipelines.operations.canary import Canary
    from pipelines.operations.row_images import RowImage
    from schemas.report import Summary

STDOUT = Console(highlight=False)
STDERR = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    # Elsewhere than in JSON, what an encoding lacks is escaped as \xe9, which JSON does not know.
    is_utf = (sys.stdout.encoding or "").lower().startswith("utf")
    typer.echo(json.dumps(value, indent=1, ensure_ascii=not is_utf))


def print_rows(rows: "Sequence[RowImage]", sheet_file: Path) -> None:
    """Print each row as a panel, and save the contact sheet of all images."""
    from pipelines.display.contact_sheet import contact_sheet
    from pipelines.display.row_panel import row_panel

    for row in rows:
        STDOUT.print(row_panel(row.row))
    if not rows:
        STDOUT.print("no such rows: `shardmill status OUTPUT` counts rows by status and reason")
        return
    contact_sheet(rows).save(sheet_file)
    STDOUT.print(f"The images are in {sheet_file}", markup=False)


@contextmanager
def progress_on_stderr() -> "Iterator[RunProgress]":
    """Show the progress of a run on stderr, and send everything printed to stdout there too.

    Ray prints messages to stdout, where only the command's result may appear.
    """
    from pipelines.display.progress import RunProgress

    with RunProgress(STDERR) as progress, redirect_stdout(sys.stderr):
        yield progress


def print_summary(
    summary: "Summary", output: str, as_json: bool, canary: "Canary | None" = None
) -> None:
    from pipelines.display.tables import canary_table, summary_table
    from pipelines.output.layout import Layout

    if as_json:
        projection = {"canary": canary.model_dump(mode="json")} if canary else {}
        print_json({**summary.model_dump(mode="json"), **projection})
        return
    STDOUT.print(summary_table(summary, Layout(output)))
    if canary:
        STDOUT.print(canary_table(canary))
