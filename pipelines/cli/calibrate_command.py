"""The command that helps to choose a threshold: calibrate."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    ForceOption,
    JsonOption,
    OutputArgument,
    StorageOption,
    file_to_write,
    storage_of,
)
from pipelines.cli.printing import STDOUT, inform, inform_left_out, print_json, print_lines
from pipelines.cli.progress import sample_bar, spinner
from schemas.errors import JobError

if TYPE_CHECKING:
    from pipelines.operations.calibrate import Calibration
    from pipelines.operations.calibrating.calibrate_page import CalibrationPage
    from pipelines.operations.calibrating.score_table import ScoreTable


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
    page: Annotated[
        Path | None,
        typer.Option("--to", metavar="HTML", help="Draw a sample, and write a page to decide it."),
    ] = None,
    samples: Annotated[
        int, typer.Option("--sample", min=1, max=10_000, help="With --to: how many are drawn.")
    ] = 200,
    seed: Annotated[
        int, typer.Option(min=0, help="With --to: the number by which they are drawn.")
    ] = 0,
    decisions: Annotated[
        str | None,
        typer.Option(metavar="CSV", help="The decisions of the page, to estimate precision."),
    ] = None,
    precision: Annotated[
        float, typer.Option(min=0.01, max=0.999, help="With --decisions: the precision you want.")
    ] = 0.95,
    force: ForceOption = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the threshold of a filter: what each one would reject, and how precise it is.

    1. See what each threshold would reject: calibrate OUTPUT --filter NAME. No shard is read.

    2. Draw a sample, most of it near the present threshold: add --to page.html. Open the page,
    reject what the filter should reject, accept the rest, and download decisions.csv.

    3. See the precision and recall of each threshold: add --decisions decisions.csv.

    Precision is the share of rejected samples that a person rejects too; recall is the share of
    what a person rejects that the threshold rejects too. Dropped samples are shown nowhere, so both
    are about kept and quarantined samples. The page has content of your data: protect it.
    """
    from pipelines.operations.calibrate import AskedScore, count_thresholds
    from pipelines.operations.calibrate import calibrate as calibrate_thresholds

    if page is not None and decisions is not None:
        raise JobError("--to: a page is written before there are --decisions: give one of them")
    asked = AskedScore(by_filter, score, None if worse is None else worse.value)
    opened = storage_of(storage)
    if page is not None:
        from pipelines.operations.calibrating.calibrate_page import (
            DrawRequest,
            write_calibration_page,
        )

        file = file_to_write(page, force)
        written = write_calibration_page(
            output,
            asked,
            file,
            DrawRequest(samples, seed),
            opened,
            progress=sample_bar(),
        )
        _show_page(written, file, as_json)
        return
    with spinner("reading"):
        result = (
            count_thresholds(output, asked, opened)
            if decisions is None
            else calibrate_thresholds(output, asked, decisions, precision, opened)
        )
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        _show(result)


def _show(result: "ScoreTable | Calibration") -> None:
    from pipelines.display.calibrate import (
        calibration_notes,
        estimates_table,
        languages_table,
        table_notes,
        thresholds_table,
    )
    from pipelines.operations.calibrating.score_table import ScoreTable

    if isinstance(result, ScoreTable):
        STDOUT.print(thresholds_table(result))
        if (by_language := languages_table(result)) is not None:
            STDOUT.print("\nshare that is rejected, by language:", markup=False)
            STDOUT.print(by_language)
        notes = list(table_notes(result))
    else:
        STDOUT.print(estimates_table(result))
        notes = [*table_notes(result.table), *calibration_notes(result)]
    print_lines(*notes)


def _show_page(written: "CalibrationPage", file: Path, as_json: bool) -> None:
    from schemas.counted import counted

    inform_left_out(written.left_out)
    if not written.samples:
        raise JobError("calibrate: no sample can be shown, so no page is written")
    if as_json:
        left_out = [each._asdict() for each in written.left_out]
        table = written.table.model_dump(mode="json")
        print_json(
            {"samples": written.samples, "left_out": left_out, "file": str(file), "table": table}
        )
        return
    inform(f"{file}: {counted(written.samples, 'sample')}")
    inform(
        "Open it in a browser, decide, and download decisions.csv. Then add --decisions to this",
        "command, in place of --to.",
    )
