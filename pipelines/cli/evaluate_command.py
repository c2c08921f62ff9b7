"""The command that scores an output by references or by another output: evaluate."""

from dataclasses import asdict
from typing import Annotated

import typer

from pipelines.cli.options import JsonOption, OutputArgument, StorageOption, storage_of
from pipelines.cli.printing import STDOUT, inform, print_json, spinner


def evaluate(
    output: OutputArgument,
    *,
    task: Annotated[
        str | None, typer.Option(metavar="TASK", help="The task to judge; default: the only one.")
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN|PATTERN", help="A carried column, or files .parquet or .jsonl with key."
        ),
    ] = None,
    truth_column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of files: where references stand; default: truth."),
    ] = None,
    metrics: Annotated[
        str,
        typer.Option(
            metavar="NAME,...", help="Such as cider,bleu4; without it, the fitting ones are listed."
        ),
    ] = "",
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Also score the samples of each value of a column."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="OUTPUT", help="Compare with the answers of another output, by key."),
    ] = None,
    worst: Annotated[
        int, typer.Option(min=0, max=1000, help="Show as many of the worst samples.")
    ] = 0,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Store it by this name; default: the task's.")
    ] = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score the answers of kept samples by references, or compare two outputs.

    References lie in a column that the job carried, or in files with the columns `key` and `truth`.
    With --against, the difference of each metric is tested on the samples of both outputs; without
    --truth, only the share of changed answers is counted. The result is also stored in
    OUTPUT/_shardmill/evaluations.
    """
    from pipelines.display.evaluate import (
        comparisons_table,
        evaluation_notes,
        values_table,
        worst_table,
    )
    from pipelines.operations.evaluate import Asked
    from pipelines.operations.evaluate import evaluate as judge

    asked = Asked(
        task=task,
        truth=truth,
        truth_column=truth_column,
        metrics=[each.strip() for each in metrics.split(",") if each.strip()],
        by=by,
        against=against,
        worst=worst,
        name=name,
    )
    with spinner("reading") as shown:
        found = judge(
            output,
            asked,
            storage_of(storage),
            lambda step, share: shown.update(f"{step}: {share:.0%}"),
        )
    for line in found.waiting:
        inform(line)
    if as_json:
        bad = [asdict(each) for each in found.worst]
        print_json({**found.result.model_dump(mode="json"), "file": found.file, "worst": bad})
        return
    if found.result.values:
        STDOUT.print(values_table(found.result))
    if found.result.comparisons:
        STDOUT.print(comparisons_table(found.result))
    if found.worst:
        STDOUT.print(worst_table(found.worst))
    for note in evaluation_notes(found.result):
        STDOUT.print(note, markup=False, soft_wrap=True)
    inform(f"The evaluation is in {found.file}")
