"""The command that lists near-duplicates of outputs: duplicates."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import ForceOption, JsonOption, StorageOption, file_to_write, storage_of
from pipelines.cli.printing import inform, print_json, spinner
from pipelines.duplicates import MAX_DISTANCE
from schemas.errors import JobError


def duplicates(
    outputs: Annotated[
        list[str],
        typer.Argument(metavar="OUTPUT...", help="Folders of jobs with input.pdq, or their URLs."),
    ],
    *,
    output: Annotated[
        Path, typer.Option(metavar="FILE", help="The list to write: .parquet, or .csv.")
    ] = Path("duplicates.parquet"),
    distance: Annotated[
        int,
        typer.Option(
            min=0, max=MAX_DISTANCE, help="The largest distance of near images, in bits of 256."
        ),
    ] = 31,
    force: ForceOption = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """List near-duplicates of kept images, so that each distinct image is captioned once.

    First run a job with `input: {pdq: true}` and no model. Its kept images are compared, over all
    outputs that you name. Of each group, the picture with the most pixels is kept. Then give the
    list to the job with the model: `filters_from: OUTPUT`, and in filters
    `{kind: duplicates, path: duplicates.parquet}`.
    """
    from pipelines.display.counted import counted
    from pipelines.operations.duplicates import ENDINGS, find_duplicates

    if output.suffix.lower() not in ENDINGS:
        raise JobError(f"--output: {output} ends neither in .parquet nor in .csv: rename it")
    file = file_to_write(output, force)
    with spinner("reading") as shown:
        counts = find_duplicates(
            outputs,
            distance,
            file,
            storage_of(storage),
            lambda step, share: shown.update(f"{step}: {share:.0%}"),
        )
    for line in counts.waiting:
        inform(line)
    if as_json:
        print_json({**counts._asdict(), "file": str(file)})
        return
    inform(
        f"{file}: {counted(counts.images, 'image')}, {counted(counts.groups, 'group')} of "
        f"near-duplicates, {counts.copies} copies to leave out"
    )
