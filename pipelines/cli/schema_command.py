"""The command that prints schemas: of job files, of rows, and of lines of the log."""

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.options import StorageOption, storage_of
from pipelines.cli.printing import inform, print_json, print_lines
from schemas.errors import JobError

if TYPE_CHECKING:
    import pyarrow as pa

    from pipelines.storage.storage import Storage


def schema(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[JOB_OR_OUTPUT]", help="A job file, or the folder of an output: its columns."
        ),
    ] = None,
    *,
    of_log: Annotated[
        bool, typer.Option("--log", help="Print the JSON Schema of a line of the log.")
    ] = False,
    storage: StorageOption = None,
) -> None:
    """Print the JSON Schema of job files, or the columns of a job's rows, with their types."""
    if of_log:
        from pipelines.logs.events import log_schema

        print_json(log_schema())
    elif target is None:
        from pipelines.config.job import Job

        print_json(Job.model_json_schema())
    else:
        columns = _columns(target, storage_of(storage))
        print_lines(*(f"{column.name}: {column.type}" for column in columns))


def _columns(target: str, storage: "Storage | None") -> "pa.Schema":
    """Return the schema of an output's rows; of a job's, if there are none yet."""
    from pipelines.operations.look import open_target
    from pipelines.output.stored_schema import stored_schema
    from pipelines.planning.plan import planned_schema

    job, output = open_target(target, storage=storage)
    stored = stored_schema(output) if output is not None else None
    if stored is not None:
        return stored
    try:
        return planned_schema(job)
    except JobError as error:
        inform(f"Types of carried columns are not known: {error}")
        return job.output_schema()
