"""What several commands print: JSON, rows with their images, and a run's summary."""

import json
import sys
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from pipelines.logs.log import is_json, log, shows

if TYPE_CHECKING:
    from pipelines.evaluation.results import Evaluation
    from pipelines.operations.canary import Canary
    from pipelines.operations.price import HourlyPrice
    from pipelines.operations.stored_samples.review_samples import LeftOut
    from pipelines.operations.stored_samples.row_images import RowImage
    from schemas.report import Summary

# Without emoji: `pipe:cat:` would be shown with a cat.
STDOUT = Console(highlight=False, emoji=False)
STDERR = Console(stderr=True, highlight=False, emoji=False)


def print_json(value: Any) -> None:
    # Elsewhere than in JSON, what an encoding lacks is escaped as \xe9, which JSON does not know.
    is_utf = (sys.stdout.encoding or "").lower().startswith("utf")
    typer.echo(json.dumps(value, indent=1, ensure_ascii=not is_utf))


def inform_left_out(left_out: "Sequence[LeftOut]") -> None:
    """Say which samples are not on a page, and why."""
    from schemas.counted import counted

    for why, samples, shards, first in left_out:
        where = first if shards == 1 else f"{shards} shards such as {first}"
        inform(f"{counted(samples, 'sample')} of {where} left out: {why}")


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


def print_lines(*lines: str) -> None:
    """Print lines as they are: without markup, and not wrapped."""
    for line in lines:
        STDOUT.print(line, markup=False, soft_wrap=True)


def inform(*lines: str) -> None:
    """Tell on stderr what a command does, unless it is quiet."""
    for line in lines:
        if is_json():
            log("notice", line)
        elif shows("info"):
            STDERR.print(line, markup=False, soft_wrap=True)


def print_summary(
    summary: "Summary",
    output: str,
    as_json: bool,
    *,
    canary: "Canary | None" = None,
    evaluations: "Sequence[Evaluation]" = (),
    price: "HourlyPrice | None" = None,
) -> None:
    """Print the summary of a run with its price, what a canary projects, and evaluations."""
    from pipelines.display.cost_table import amount, cost_table
    from pipelines.display.run_log import log_summary
    from pipelines.display.tables import canary_table, summary_table
    from pipelines.output.layout import Layout

    if is_json():
        log_summary(summary)
    if as_json:
        projection = {"canary": canary.model_dump(mode="json")} if canary else {}
        paid = {"price_here": price.of(summary.worker_seconds_here)} if price else {}
        found = {each.task: each.model_dump(mode="json") for each in evaluations}
        scored = {"evaluations": found} if found else {}
        print_json({**summary.model_dump(mode="json"), **projection, **paid, **scored})
        return
    if not shows("info"):
        return
    STDOUT.print(summary_table(summary, Layout(output)))
    if price:
        sum_paid = f"{amount(price.of(summary.worker_seconds_here))} {price.currency}".strip()
        STDOUT.print(f"price: {sum_paid}, of the workers' time on shards", markup=False)
    if canary:
        STDOUT.print(canary_table(canary))
        STDOUT.print(cost_table(canary.cost))
    if evaluations:
        from pipelines.display.evaluate import print_job_evaluations

        print_job_evaluations(evaluations, STDOUT)
