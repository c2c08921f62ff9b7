"""Arguments and options that several commands share, and how their values are used."""

import itertools
import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.storage.paths import refuse_unwritable
from schemas.errors import JobError

if TYPE_CHECKING:
    from pipelines.config.job import Job
    from pipelines.storage.storage import Storage

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="The job file, or its URL.")]
OutputArgument = Annotated[
    str, typer.Argument(metavar="OUTPUT", help="The folder a job wrote to, or its URL.")
]
StorageOption = Annotated[
    str | None,
    typer.Option(
        "--storage", metavar="JOB", help="Reach buckets with the settings of this job file."
    ),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a key of the job, such as model.block_size=64; repeatable.",
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output", metavar="FOLDER", help="Write to this folder or URL, not to the job's output."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
SheetOption = Annotated[
    Path | None,
    typer.Option("--sheet", metavar="PNG", help="Draw the images with boxes into this file."),
]
MetricsFileOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.prom", help="Keep a file of metrics for Prometheus's node exporter."
    ),
]
MetricsPortOption = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, metavar="PORT", help="Serve metrics to Prometheus; 0: at any free port."
    ),
]
PriceOption = Annotated[
    str | None,
    typer.Option(
        "--price", metavar="PRICE", help="What a worker costs in an hour: 2.50/h or 2.50USD/h."
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]
SamplesOption = Annotated[
    int, typer.Option("--samples", "-n", min=1, max=1000, help="How many samples.")
]


_URL = re.compile(r"(\w{2,}):/(?!/)(.*)", re.DOTALL)  # as a Path shows it, with one slash


class BadStatus(StrEnum):
    """The statuses that `retry --with` accepts: an enum, because typer takes no literals here."""

    quarantined = "quarantined"
    invalid = "invalid"


def load_job(job: str, settings: Sequence[str] | None, output: str | None = None) -> "Job":
    """Load a job file, with the changes of --set and --output."""
    from pipelines.config.job import Job

    return Job.load(job, settings or (), output)


def with_metrics(job: "Job", file: str | None, port: int | None) -> "Job":
    """Return the job with the changes of --metrics-file and --metrics-port."""
    from pydantic import ValidationError

    from pipelines.config.metrics import MetricsSettings
    from pipelines.config.validation_errors import first_fault

    changes = {"file": file, "port": port}
    data = {**job.metrics.model_dump(), **{k: v for k, v in changes.items() if v is not None}}
    try:
        metrics = MetricsSettings.model_validate(data)
    except ValidationError as error:
        fault = first_fault(error, data, MetricsSettings).removeprefix("metrics.")
        raise JobError(f"metrics.{fault}") from None
    return job.model_copy(update={"metrics": metrics})


def storage_of(job: str | None) -> "Storage | None":
    """Return storage with the settings of the job file of --storage; None without the option."""
    return load_job(job, ()).open_storage() if job is not None else None


def file_to_write(file: Path, force: bool) -> Path:
    """Return a file that the user named; raise JobError now if a command could not write it.

    An existing file is replaced only with `force`.
    """
    check_folder_exists(file)
    if file.exists() and not force:
        raise JobError(f"{file}: exists already: give another name, or --force to replace it")
    return file


def sheet_to_write(named: Path | None, default: str, force: bool) -> Path:
    """Return the file of a contact sheet: the named one, else the first free name.

    After `preview.png` comes `preview-2.png`; with `force`, the default itself is replaced.
    """
    if named is not None:
        return file_to_write(named, force)
    file = Path(default)
    numbers = itertools.count(2)
    while not force and file.exists():
        file = Path(default).with_stem(f"{Path(default).stem}-{next(numbers)}")
    return check_folder_exists(file)


def check_folder_exists(file: Path, may_make: bool = False) -> Path:
    """Return a file that a command will write; raise JobError now if its folder does not exist.

    With `may_make`, make the folder if the folder above it exists.
    """
    if url := _URL.match(str(file)):
        raise JobError(
            f"{url[1]}://{url[2]}: this file is written on this machine alone: name a local file"
        )
    if may_make and file.absolute().parents[1].is_dir():
        file.parent.mkdir(exist_ok=True)
    if not file.absolute().parent.is_dir():
        raise JobError(f"{file}: there is no folder {file.parent}: make it, or name another")
    if file.exists() and not file.is_file():  # opening a pipe would wait for its reader
        raise JobError(f"{file}: is no file: name another")
    refuse_unwritable(str(file.absolute().parent), f"{file}:")
    return file
