"""The command that lists near-duplicates of outputs: duplicates."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import ForceOption, JsonOption, StorageOption, file_to_write, storage_of
from pipelines.cli.printing import inform, print_json
from pipelines.cli.progress import step_spinner
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
    outputs that you name. Of each group, the picture with the most pixels is kept. Videos are
    compared by their sampled frames, if the job has `video` in `input`.

    Then give the list to the job with the model: `filters_from: OUTPUT`, and in filters
    `{kind: duplicates, path: duplicates.parquet}`.
    """
    from pipelines.operations.duplicates import ENDINGS, find_duplicates
    from schemas.counted import counted

    if output.suffix.lower() not in ENDINGS:
        raise JobError(f"--output: {output} ends neither in .parquet nor in .csv: rename it")
    file = file_to_write(output, force)
    with step_spinner("reading") as on_step:
        counts = find_duplicates(
            outputs,
            distance,
            file,
            storage_of(storage),
            on_step,
        )
    inform(*counts.waiting)
    if as_json:
        print_json({**counts._asdict(), "file": str(file)})
        return
    kind = "video" if counts.are_videos else "image"
    copies = "copy" if counts.copies == 1 else "copies"
    inform(
        f"{file}: {counted(counts.images, kind)}, {counted(counts.groups, 'group')} of "
        f"near-duplicates, {counts.copies:,} {copies} to leave out"
    )
