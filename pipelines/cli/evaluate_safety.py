"""Prints what `evaluate --safety` found."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from pipelines.cli.options import storage_of
from pipelines.cli.printing import STDOUT, inform, print_json, print_lines
from pipelines.cli.progress import step_spinner

if TYPE_CHECKING:
    from pipelines.operations.evaluating.evaluate_safety import AskedSafety


def evaluate_safety(
    output: str,
    asked: "AskedSafety",
    storage: str | None,
    *,
    markdown: str | None,
    as_json: bool,
) -> None:
    """Count harmful answers by the scores of filters, and print the shares.

    `markdown` is the file to which they are also written as a page, or `-` to print only this.
    """
    from pipelines.display.safety import filter_notes, shares_table, subgroups_table
    from pipelines.display.safety_card import safety_card
    from pipelines.operations.evaluating.evaluate_safety import evaluate_safety as judge

    with step_spinner("judging") as on_step:
        found = judge(
            output,
            asked,
            storage_of(storage),
            on_step,
        )
    inform(*found.waiting)
    if markdown is not None:
        card = safety_card(found.result, found.checkpoint)
        if markdown == "-":
            typer.echo(card, nl=False)
            return
        Path(markdown).write_text(card, encoding="utf-8")
    if as_json:
        print_json({**found.result.model_dump(mode="json"), "file": found.file})
        return
    for each in found.result.filters:
        STDOUT.print(shares_table(each, found.result.threshold))
        for column in asked.by:
            STDOUT.print(subgroups_table(each, column), markup=False)
        print_lines(*filter_notes(each, found.result.without_subgroup))
    inform(f"The evaluation is in {found.file}")
