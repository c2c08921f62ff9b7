"""The command line: thin, over what `from shardmill import ...` offers."""

import io
import json
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from rich.console import Console
from ruamel.yaml import YAML
from typer.exceptions import TyperException

from pipelines.cli.exit_codes import INCOMPLETE, STDERR, complain, terminate, with_ending
from pipelines.config.job import Job
from pipelines.config.runners import BeamRunnerConfig
from pipelines.config.template import TEMPLATE
from pipelines.display import tables as shown
from pipelines.display.contact_sheet import sheet
from pipelines.display.progress import RunProgress
from pipelines.display.row_panel import panel
from pipelines.operations import canary as canaries
from pipelines.operations.bench import bench as bench_engine
from pipelines.operations.fetch import fetch as fetch_models
from pipelines.operations.finish import finish as finish_output
from pipelines.operations.inspect import select
from pipelines.operations.preview import preview as preview_job
from pipelines.operations.retry import find_retry
from pipelines.operations.retry import retry as retry_units
from pipelines.operations.row_images import RowImage
from pipelines.operations.run import run as run_job
from pipelines.operations.status import status as status_of
from pipelines.operations.verify import verify as verify_output
from pipelines.output.layout import Layout
from pipelines.planning.plan import Plan
from pipelines.planning.plan import plan as plan_job
from schemas.errors import JobError
from schemas.report import SampleStatus, Summary, UnitReport

P = ParamSpec("P")
Told = TypeVar("Told")


class BadStatus(StrEnum):
    """The statuses of samples whose units `retry --with` does again."""

    quarantined = "quarantined"
    invalid = "invalid"


app = typer.Typer(
    help="Captions, answers, OCR text and detections for image-text shards, as Parquet.\n\n"
    "Start with: shardmill init, then edit job.yaml, then plan, preview and run it.\n\n"
    "Exit codes: 0 done; 1 this machine is at fault; 2 the job or command line is wrong; "
    "3 some units are not committed; 130/143 interrupted, run again to go on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks print local variables: what samples hold
    context_settings={"help_option_names": ["-h", "--help"]},
)
_out = Console(highlight=False)

JobFile = Annotated[Path, typer.Argument(metavar="JOB", help="The job file.")]
OutputFolder = Annotated[str, typer.Argument(metavar="OUTPUT", help="The folder a job wrote to.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change the job: model.block_size=64."),
]
Output = Annotated[
    str | None, typer.Option("--output", metavar="FOLDER", help="Write there instead.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
SheetFile = Annotated[
    Path | None, typer.Option("--sheet", metavar="PNG", help="Draw the images with boxes.")
]
Samples = Annotated[int, typer.Option("--samples", "-n", min=1, max=1000, help="How many.")]


def main() -> None:
    """Run the command line; wrong usage, too, ends in one line."""
    try:
        sys.exit(app(standalone_mode=False))
    except TyperException as error:
        if message := error.format_message():  # none where the help was shown instead
            complain(message)
        sys.exit(error.exit_code)


def command(function: Callable[P, None]) -> Callable[P, None]:
    """A command whose troubles end in one line and an exit code."""
    return app.command()(with_ending(function))


def _load(job: Path, settings: list[str] | None, output: str | None) -> Job:
    loaded = Job.load(job, settings or ())
    return loaded.model_copy(update={"output": output}) if output else loaded


def _with_options(job: Job, options: Sequence[str]) -> Job:
    """The job whose runner is given further options of Beam's."""
    if not options:
        return job
    if not isinstance(job.runner, BeamRunnerConfig):
        raise JobError(f"{options[0]}: only runner: {{kind: beam}} takes options after --")
    runner = job.runner.model_copy(update={"options": (*job.runner.options, *options)})
    return job.model_copy(update={"runner": runner})


@command
def init(
    job: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("job.yaml"),
) -> None:
    """Write a commented job file to start from."""
    _check_place(job)
    if job.exists():
        raise JobError(f"{job}: exists already: give another name")
    job.write_text(TEMPLATE, encoding="utf-8")
    _out.print(f"Wrote {job}. Edit it, then: shardmill plan {job}", markup=False)


@command
def plan(
    job: JobFile, settings: Settings = None, output: Output = None, as_json: AsJson = False
) -> None:
    """Check a job and show it with every default, its shards, and what is left to do."""
    planned = plan_job(_load(job, settings, output))
    if as_json:
        units = [{"name": unit.name, "bytes": unit.size} for unit in planned.pending]
        record = planned.work.record
        _json({"job": record, "units": len(planned.units), "pending": units})
        return
    yaml, text = YAML(typ="safe", pure=True), io.StringIO()
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # as the job has it
    yaml.dump(planned.work.record, text)
    _out.print(text.getvalue(), markup=False, soft_wrap=True)
    _out.print(shown.plan_table(planned))


@command
def preview(
    job: JobFile,
    samples: Samples = 8,
    sheet_file: SheetFile = None,
    settings: Settings = None,
) -> None:
    """Take the first samples through the whole job and show them; nothing is stored."""
    file = _check_place(sheet_file or Path("preview.png"))
    with STDERR.status("loading the model"):
        pictures = preview_job(_load(job, settings, None), samples)
    _show(pictures, file)


@command
def run(
    job: JobFile,
    options: Annotated[
        list[str] | None, typer.Argument(metavar="[-- OPTIONS]", help="Of Beam, after --.")
    ] = None,
    *,
    settings: Settings = None,
    output: Output = None,
    limit_units: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Do no more than N shards now.")
    ] = None,
    canary: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Do N random shards, and tell what the rest takes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do the job, or what is missing of it."""
    loaded = _with_options(_load(job, settings, output), options or ())
    signal.signal(signal.SIGTERM, terminate)
    plans: list[Plan] = []
    reports: list[UnitReport] = []
    with RunProgress(STDERR) as progress, redirect_stdout(sys.stderr):  # Ray has its own to say
        summary = run_job(
            loaded,
            limit_units=limit_units,
            choose=lambda plan: (
                canaries.choose_canary_units(plan, canary) if canary else plan.pending
            ),
            on_plan=_both(progress.on_plan, plans.append),
            on_progress=progress.on_progress,
            on_report=_both(progress.on_report, reports.append),
        )
    told = canaries.project_canary(plans[0], reports) if canary else None
    _report(summary, loaded.output, as_json, told)
    is_part = limit_units is not None or canary is not None
    if summary.outcome == "failed" or (summary.outcome == "partial" and not is_part):
        raise typer.Exit(INCOMPLETE)


@command
def fetch(job: JobFile, settings: Settings = None) -> None:
    """Download what the job's models are loaded from, so that later runs here need no network."""
    with STDERR.status("fetching"):
        for name, folder in fetch_models(_load(job, settings, None)):
            _out.print(f"{name} is in {folder}", markup=False, soft_wrap=True)


@command
def retry(
    output: OutputFolder,
    again: Annotated[
        list[BadStatus] | None,
        typer.Option("--with", help="Shards with samples of that status, too: repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete their files without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run failed shards again and, with --with, those that have bad samples."""
    found = find_retry(output, [status.value for status in again or ()])
    failed, bad = len(found.failed), len(found.bad)
    STDERR.print(f"{failed} failed units and {bad} committed ones to do again")
    if found.files:
        for file in found.files:
            STDERR.print(f"to be deleted: {file}", markup=False, soft_wrap=True)
        if not yes and not typer.confirm("Delete these files?", err=True):
            raise JobError("nothing was deleted, nothing run: --yes deletes without asking")
    signal.signal(signal.SIGTERM, terminate)
    with RunProgress(STDERR) as progress, redirect_stdout(sys.stderr):  # Ray has its own to say
        summary = retry_units(
            found,
            on_plan=progress.on_plan,
            on_progress=progress.on_progress,
            on_report=progress.on_report,
            on_warning=progress.on_warning,
        )
    _report(summary, found.job.output, as_json)
    if summary.outcome != "complete":
        raise typer.Exit(INCOMPLETE)


@command
def status(output: OutputFolder, as_json: AsJson = False) -> None:
    """Show how far an output is."""
    found = status_of(output)
    if as_json:
        _json(found.model_dump(mode="json"))
    else:
        _out.print(shown.status_table(found))


@command
def inspect(
    output: OutputFolder,
    samples: Samples = 8,
    only: Annotated[
        SampleStatus | None, typer.Option("--status", help="Rows of this status alone.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Rows of this unit alone.")] = None,
    sheet_file: SheetFile = None,
) -> None:
    """Show rows of an output as a person reads them, and a PNG of their images with boxes."""
    file = _check_place(sheet_file or Path("inspect.png"))
    _show(select(output, samples, only, unit), file)


@command
def verify(output: OutputFolder, as_json: AsJson = False) -> None:
    """Read a whole output back: every sample there once, nothing where nothing may be."""
    with STDERR.status("reading") as waiting:
        found = verify_output(output, on_unit=lambda unit: waiting.update(f"reading {unit}"))
    if as_json:
        _json(found.model_dump(mode="json"))
    else:
        for problem in found.problems:
            _out.print(problem, style="red", markup=False, soft_wrap=True)
        for early in found.salvaged:
            _out.print(f"salvaged: {early}", style="yellow", markup=False, soft_wrap=True)
        _out.print(shown.counts_table(found.counts))
        _out.print(f"{found.files} files of {found.units} units; problems: {len(found.problems)}")
    if found.problems:
        raise typer.Exit(INCOMPLETE)


@command
def finish(output: OutputFolder, as_json: AsJson = False) -> None:
    """Close an output whoever wrote it: write its summary and, if it is whole, _SUCCESS."""
    summary = finish_output(output)
    _report(summary, output, as_json)
    if summary.outcome != "complete":
        raise typer.Exit(INCOMPLETE)


@command
def schema(
    job: Annotated[
        Path | None, typer.Argument(metavar="[JOB]", help="Show this job's Parquet schema.")
    ] = None,
) -> None:
    """Print the JSON Schema of job files, or the Parquet schema that a job writes."""
    if job is None:
        _json(Job.model_json_schema())
        return
    for column in Job.load(job).output_schema():
        _out.print(f"{column.name}: {column.type}", markup=False, soft_wrap=True)


@command
def bench(
    checkpoint: Annotated[str, typer.Argument(metavar="MODEL", help="A folder, or a hub id.")],
    *,
    mix: Annotated[
        str, typer.Option(help="Asked of each: caption, ocr, detect, segment, answer.")
    ] = "caption",
    images: Annotated[int, typer.Option(min=1, help="How many images are asked about.")] = 256,
    block_size: Annotated[
        list[int] | None, typer.Option(min=1, help="May be given several times.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Else what fits the GPU.", show_default=False)
    ] = None,
    precision: Annotated[
        str, typer.Option(help="float32, bfloat16, float16, int8 or nf4.")
    ] = "bfloat16",
    adapter: Annotated[str | None, typer.Option(help="A LoRA: a folder, or a hub id.")] = None,
    engine: Annotated[str, typer.Option()] = "fast",
    device: Annotated[str, typer.Option()] = "auto",
    gpus: Annotated[int, typer.Option(min=1, help="To split the model over.")] = 1,
    corpus: Annotated[int, typer.Option(min=1, help="Images to project hours for.")] = 1_000_000,
    devices: Annotated[int, typer.Option(min=1, help="Workers like this to project for.")] = 1,
) -> None:
    """Measure what a model answers in a second on this machine, by the size of blocks."""
    settings: dict[str, Any] = {"checkpoint": checkpoint, "batch_size": batch_size}
    settings |= {"precision": precision, "engine": engine, "device": device, "adapter": adapter}
    with STDERR.status("measuring"):
        rates = list(bench_engine(settings, mix.split(","), block_size or [], images, gpus))
    _out.print(shown.rates_table(rates, corpus, devices))


def _check_place(file: Path) -> Path:
    """A file to be written, whose folder must be there before any work is done for it."""
    if not file.absolute().parent.is_dir():
        raise JobError(f"{file}: there is no folder {file.parent}: make it, or name another")
    return file


def _json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=1, ensure_ascii=False))


def _show(pictures: list[RowImage], file: Path) -> None:
    for picture in pictures:
        _out.print(panel(picture.row))
    if not pictures:
        _out.print("no such rows")
        return
    sheet(pictures).save(file)
    _out.print(f"The images are in {file}", markup=False)


def _both(first: Callable[[Told], None], second: Callable[[Told], None]) -> Callable[[Told], None]:
    def tell(told: Told) -> None:
        first(told)
        second(told)

    return tell


def _report(
    summary: Summary, output: str, as_json: bool, canary: canaries.Canary | None = None
) -> None:
    if as_json:
        told = {"canary": canary.model_dump(mode="json")} if canary else {}
        _json({**summary.model_dump(mode="json"), **told})
        return
    _out.print(shown.summary_table(summary, Layout(output)))
    if canary:
        _out.print(shown.canary_table(canary))
