"""The command that tries a job on its first samples: preview."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import (
    ForceOption,
    JobArgument,
    JsonOption,
    SamplesOption,
    SettingsOption,
    SheetOption,
    check_folder_exists,
    file_to_write,
    load_job,
    sheet_to_write,
)
from pipelines.cli.printing import (
    STDOUT,
    inform,
    print_json,
    print_rows,
    rows_as_json,
    save_sheet,
)
from pipelines.cli.progress import spinner
from schemas.errors import JobError

if TYPE_CHECKING:
    from pipelines.config.job import Job


def preview(
    job: JobArgument,
    *,
    samples: SamplesOption = 8,
    sheet_file: SheetOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Write the rows: to a .parquet file, a .png file, or a folder."
        ),
    ] = None,
    force: ForceOption = False,
    settings: SettingsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the whole job on the first samples and show them; the job's output is not written.

    Filters that ask services do so here too: `max_requests` bounds each preview by itself.
    """
    from pipelines.display.plan_table import first_shard_table
    from pipelines.operations.preview import preview as preview_job
    from pipelines.operations.preview import write_preview

    loaded = load_job(job, settings)
    table, sheet = _files(loaded, output, sheet_file, force)
    if sheet is None and output is None and not as_json:
        sheet = sheet_to_write(None, "preview.png", force)
    with spinner("loading the model"):
        previewed = preview_job(loaded, samples)
    first = previewed.first_shard
    if as_json:
        first_shard = first.model_dump(mode="json") if first else None
        print_json({"rows": rows_as_json(previewed.rows), "first_shard": first_shard})
    else:
        print_rows(previewed.rows)
        if first:
            STDOUT.print(first_shard_table(first))
    if table is not None:
        with table.open("wb") as file:
            write_preview(previewed, file)
        inform(f"The rows are in {table}")
    if sheet is not None:
        save_sheet(previewed.rows, sheet)


def _files(
    job: "Job", output: Path | None, sheet_file: Path | None, force: bool
) -> tuple[Path | None, Path | None]:
    """Return the Parquet file and the sheet that the options name; make a named folder.

    Raises JobError if a file exists already, or if the rows would lie in the output of a job.
    """
    table: Path | None = None
    if output is not None and output.suffix.lower() == ".png":
        if sheet_file is not None:
            raise JobError("--output: names a sheet, and so does --sheet: give one of them")
        sheet_file = output
    elif output is not None and output.suffix.lower() == ".parquet":
        table = output
    elif output is not None:
        if output.exists() and not output.is_dir():
            raise JobError(f"--output: {output}: write a .parquet file, a .png file, or a folder")
        table = output / "preview.parquet"
        sheet_file = sheet_file or output / "preview.png"
    if table is not None:
        _refuse_output_of_job(table, job)
        check_folder_exists(table, may_make=table.parent == output)
        table = file_to_write(table, force)
    return table, file_to_write(sheet_file, force) if sheet_file else None


def _refuse_output_of_job(table: Path, job: "Job") -> None:
    """Raise JobError for a file in an output, where a file that no run wrote is an error."""
    folders = table.absolute().parents
    if Path(job.output).absolute() in folders or any((f / "_shardmill").is_dir() for f in folders):
        raise JobError(f"--output: {table} would lie in the output of a job: name another folder")
