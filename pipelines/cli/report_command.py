"""The command that writes a page about an output: report."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import (
    ForceOption,
    JsonOption,
    OutputArgument,
    PriceOption,
    StorageOption,
    file_to_write,
    storage_of,
)
from pipelines.cli.printing import inform, print_json
from pipelines.cli.progress import sample_bar


def report(
    output: OutputArgument,
    *,
    samples: Annotated[
        int, typer.Option("--samples", "-n", min=0, max=200, help="How many kept samples to show.")
    ] = 24,
    seed: Annotated[
        int, typer.Option(min=0, help="Draw the samples at random by this number.")
    ] = 0,
    page: Annotated[Path, typer.Option("--to", metavar="HTML", help="The page to write.")] = Path(
        "report.html"
    ),
    price: PriceOption = None,
    force: ForceOption = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a page about an output: counts, filters, scores, answers, evaluations, time, samples.

    The page is one file, which loads nothing: open it in a browser, or print it. The same output
    gives the same page. Samples that were not kept are in it as numbers alone. With --price, it has
    the price of the runs.

    With --json, the numbers are printed, and no page is written.
    """
    from pipelines.operations.price import HourlyPrice
    from pipelines.operations.report import gather_report, read_sample_images

    hourly = HourlyPrice.parse(price) if price is not None else None
    file = None if as_json else file_to_write(page, force)
    gathered = gather_report(
        output,
        storage_of(storage),
        samples=0 if as_json else samples,
        seed=seed,
        price=hourly,
        progress=sample_bar("files"),
    )
    if file is None:
        print_json(gathered.report.model_dump(mode="json"))
        return
    from pipelines.display.report_page import write_report_page
    from pipelines.display.report_page.samples import shown_samples

    languages = {each.task: each.language for each in gathered.report.answers}
    shown = shown_samples(gathered.rows, read_sample_images(gathered), languages)
    write_report_page(file, gathered.report, shown, seed)
    inform(f"{file}: open it in a browser")
