"""The command that helps to choose a threshold: calibrate."""

from enum import StrEnum
from typing import Annotated

import typer

from pipelines.cli.options import JsonOption, OutputArgument, StorageOption, storage_of
from pipelines.cli.printing import STDERR, STDOUT, print_json


class Worse(StrEnum):
    """Which scores a threshold rejects: an enum, because typer takes no literals here."""

    HIGHER = "higher"
    LOWER = "lower"


def calibrate(
    output: OutputArgument,
    *,
    by_filter: Annotated[
        str, typer.Option("--filter", metavar="NAME", help="The filter, as rows name it.")
    ],
    score: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Its score; needed if the filter stores several."),
    ] = None,
    worse: Annotated[
        Worse | None,
        typer.Option(help="Which scores are rejected; default: as the job's threshold says."),
    ] = None,
    decisions: Annotated[
        str | None,
        typer.Option(metavar="CSV", help="The decisions from the page, to estimate precision."),
    ] = None,
    precision: Annotated[
        float, typer.Option(min=0.01, max=0.999, help="With --decisions: the precision you want.")
    ] = 0.95,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the threshold of a filter: what each one would reject, and how precise it is.

    Precision is the share of the rejected samples that a person rejects too. Recall is the share of
    all samples that a person rejects that the filter rejects too. Dropped samples are shown
    nowhere, so both are about kept and quarantined samples.
    """
    from pipelines.display.calibrate import (
        calibration_notes,
        estimates_table,
        languages_table,
        table_notes,
        thresholds_table,
    )
    from pipelines.operations.calibrate import AskedScore, count_thresholds
    from pipelines.operations.calibrate import calibrate as calibrate_thresholds
    from pipelines.operations.score_table import ScoreTable

    asked = AskedScore(by_filter, score, None if worse is None else worse.value)
    opened = storage_of(storage)
    with STDERR.status("reading"):
        result = (
            count_thresholds(output, asked, opened)
            if decisions is None
            else calibrate_thresholds(output, asked, decisions, precision, opened)
        )
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    table = result if isinstance(result, ScoreTable) else result.table
    by_language = languages_table(table)
    STDOUT.print(thresholds_table(table))
    if by_language is not None:
        STDOUT.print("\nshare that is rejected, by language:", markup=False)
        STDOUT.print(by_language)
    notes = list(table_notes(table))
    if not isinstance(result, ScoreTable):
        STDOUT.print()
        STDOUT.print(estimates_table(result))
        notes += calibration_notes(result)
    for note in notes:
        STDOUT.print(note, markup=False, soft_wrap=True)
