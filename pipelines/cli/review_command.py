"""The command with which a person decides quarantined samples: review."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import (
    ForceOption,
    JsonOption,
    OutputArgument,
    StorageOption,
    file_to_write,
    storage_of,
)
from pipelines.cli.printing import inform, inform_left_out, print_json
from pipelines.cli.progress import sample_bar
from schemas.errors import JobError


def review(
    output: OutputArgument,
    *,
    by_filter: Annotated[
        str | None, typer.Option("--filter", help="Only samples that this filter put aside.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only samples with this reason; FILTER/REASON works too.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="Only samples of this shard, such as 00003.tar.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION", help="Only rows that fulfill it: \"scores['words.matches'] > 1\"."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The most samples.")] = 1000,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Draw them at random by this number, not the first ones."),
    ] = None,
    page: Annotated[Path, typer.Option("--to", metavar="HTML", help="The page to write.")] = Path(
        "review.html"
    ),
    force: ForceOption = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a page on which you accept or reject the quarantined samples of an output.

    Open the page in a browser: it is one file, which loads nothing, and the keys A and R decide.
    "Download CSV" gives decisions.csv. A next job that names the output in `filters_from` and the
    file in `decisions` brings the accepted samples back, and drops the rejected ones.

    The page has content of your data: protect it like the shards.
    """
    from pipelines.operations.inspect import RowChoice
    from pipelines.operations.review import review as write_page
    from schemas.counted import counted

    file = file_to_write(page, force)
    choice = RowChoice("quarantined", shard, by_filter, reason, seed=seed)
    reviewed = write_page(
        output,
        file,
        choice,
        limit,
        storage_of(storage),
        where=where,
        progress=sample_bar(),
    )
    if reviewed.uncommitted:
        units = counted(reviewed.units, "unit")
        inform(f"{reviewed.uncommitted} of {units} have no rows yet: their samples are not known")
    inform_left_out(reviewed.left_out)
    if not reviewed.samples and reviewed.left_out:
        raise JobError("review: none of these samples can be shown, so no page is written")
    if as_json:
        left_out = [each._asdict() for each in reviewed.left_out]
        written = str(file) if reviewed.samples else None
        print_json({**reviewed._asdict(), "left_out": left_out, "file": written})
        return
    if not reviewed.samples:
        chosen = by_filter or reason or shard or where
        what = "quarantined sample that these options choose" if chosen else "quarantined sample"
        inform(f"no {what}: `shardmill status OUTPUT` counts samples by filter and reason")
        return
    inform(f"{file}: {counted(reviewed.samples, 'quarantined sample')}")
    if reviewed.more:
        inform("the output has more of them: --limit N takes more, --seed N draws them at random")
    inform(
        "Open it in a browser, decide, and download decisions.csv. Then write in the next job,",
        "whose input.text, key and carry are those of this one:",
        f"  filters_from: {output}",
        "  decisions: decisions.csv",
    )
