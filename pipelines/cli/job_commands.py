"""Commands that take a job file: init, plan, run, fetch."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.exit_codes import exit_unless_done
from pipelines.cli.options import (
    ForceOption,
    JobArgument,
    JsonOption,
    MetricsFileOption,
    MetricsPortOption,
    OutputOption,
    PriceOption,
    SettingsOption,
    file_to_write,
    load_job,
    with_metrics,
)
from pipelines.cli.printing import (
    STDOUT,
    inform,
    print_json,
    print_lines,
    print_summary,
)
from pipelines.cli.progress import progress_on_stderr, spinner
from pipelines.logs.log import shows
from schemas.errors import JobError

if TYPE_CHECKING:
    from pipelines.config.job import Job
    from pipelines.evaluation.results import Evaluation
    from pipelines.planning.plan import Plan
    from pipelines.storage.cached_folders import Copied
    from schemas.report import UnitReport


def init(
    job: Annotated[Path, typer.Argument(help="The job file to write.")] = Path("job.yaml"),
    force: ForceOption = False,
) -> None:
    """Write a commented job file to start from."""
    from pipelines.config.template import TEMPLATE

    file_to_write(job, force)
    job.write_text(TEMPLATE, encoding="utf-8")
    STDOUT.print(f"Wrote {job}. Edit it, then: shardmill plan {job}", markup=False)


def plan(
    job: JobArgument,
    *,
    settings: SettingsOption = None,
    output: OutputOption = None,
    price: PriceOption = None,
    show_all: Annotated[
        bool, typer.Option("--all", help="Show every key of the job first, with its default.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a job, and show its shards, its filters and tasks, and what is left to do.

    Example: shardmill plan job.yaml --set model.block_size=64

    Writes nothing, but creates and deletes one small object where a new output lies in a bucket.
    With --price, it estimates hours and price of what is left, from the last `run --canary`.
    """
    from pipelines.display.cost_table import NOT_MEASURED, NOTHING_LEFT, cost_table
    from pipelines.display.plan_table import plan_table
    from pipelines.operations.canary import estimate_pending
    from pipelines.operations.price import HourlyPrice
    from pipelines.planning.filter_order import filter_order
    from pipelines.planning.first_shard import look_at_first_shard
    from pipelines.planning.plan import plan as make_plan
    from pipelines.planning.service_uses import service_uses

    hourly = HourlyPrice.parse(price) if price else None
    loaded = load_job(job, settings, output)
    planned = make_plan(loaded, on_notice=inform)
    cost = estimate_pending(planned, loaded.open_storage(), hourly) if hourly else None
    first = look_at_first_shard(planned.units, planned.work.input, loaded.open_storage())
    if as_json:
        units = [{"name": unit.name, "bytes": unit.size} for unit in planned.pending]
        record = planned.work.record
        first_shard = first.model_dump(mode="json") if first else None
        print_json(
            {
                "job": record,
                "units": len(planned.units),
                "pending": units,
                "added": planned.growth.added,
                "waiting": planned.growth.waiting,
                "missing": planned.growth.missing,
                "decisions": decisions.model_dump() if (decisions := planned.decisions) else None,
                "filter_order": filter_order(planned.work),
                "first_shard": first_shard,
                "cost": cost.model_dump(mode="json") if cost else None,
                "services": [use.model_dump() for use in service_uses(planned, first)],
            }
        )
        return
    if show_all:
        print_lines(_as_yaml(planned.work.record))
    STDOUT.print(plan_table(planned, first))
    if cost is not None:
        STDOUT.print(cost_table(cost))
    elif hourly is not None:
        inform(NOT_MEASURED if planned.pending else NOTHING_LEFT)


def run(
    job: JobArgument,
    options: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- OPTIONS]", help="Options for Beam, if the job's runner is beam."
        ),
    ] = None,
    *,
    settings: SettingsOption = None,
    output: OutputOption = None,
    limit_shards: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Run at most N shards now.")
    ] = None,
    # An earlier name of --limit-shards.
    limit_units: Annotated[int | None, typer.Option(min=1, hidden=True)] = None,
    canary: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="Run N random shards, and estimate the time for the rest."
        ),
    ] = None,
    price: PriceOption = None,
    extend: Annotated[
        bool, typer.Option("--extend", help="Add shards that are new since the first run.")
    ] = False,
    forget_missing: Annotated[
        bool, typer.Option("--forget-missing", help="Delete the rows of shards that are gone.")
    ] = False,
    share: Annotated[
        str | None,
        typer.Option(metavar="N/M", help="Run only a fixed share of the shards, such as 3/16."),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="End without waiting for shards of other runs.")
    ] = False,
    metrics_file: MetricsFileOption = None,
    metrics_port: MetricsPortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a job, or the part of it that is not done yet.

    After an interruption, the same command goes on where the run stopped. Try a large job on a few
    shards first: shardmill run job.yaml --canary 3 --price 2.50/h
    """
    from pipelines.claims.shares import Share
    from pipelines.operations.canary import (
        choose_canary_units,
        project_canary,
        write_measured_units,
    )
    from pipelines.operations.price import HourlyPrice
    from pipelines.operations.run import run as run_job

    hourly = HourlyPrice.parse(price) if price else None

    loaded = _with_beam_options(load_job(job, settings, output), options or ())
    loaded = with_metrics(loaded, metrics_file, metrics_port)
    loaded = loaded.model_copy(update={"extend": loaded.extend or extend})
    limit = limit_units if limit_shards is None else limit_shards
    given_share = Share.parse(share) if share else None
    plans: list[Plan] = []
    reports: list[UnitReport] = []
    evaluations: list[Evaluation] = []
    with progress_on_stderr() as progress:

        def on_plan(plan: "Plan") -> None:
            plans.append(plan)
            progress.on_plan(plan)

        def on_report(report: "UnitReport") -> None:
            if canary:  # of a million units, a list would fill the memory
                reports.append(report)
            progress.on_report(report)

        summary = run_job(
            loaded,
            limit_units=limit,
            choose=lambda plan: choose_canary_units(plan, canary) if canary else plan.pending,
            on_plan=on_plan,
            on_progress=progress.on_progress,
            on_report=on_report,
            on_warning=progress.on_warning,
            on_evaluated=evaluations.append,
            forget_missing=forget_missing,
            share=given_share,
            wait=not no_wait,
        )
        progress.on_summary(summary)
    projection = project_canary(plans[0], reports, hourly) if canary else None
    if canary:
        write_measured_units(plans[0], reports, loaded.open_storage())
    print_summary(
        summary,
        loaded.output,
        as_json,
        canary=projection,
        evaluations=evaluations,
        price=hourly,
    )
    is_part = limit is not None or canary is not None or share is not None or no_wait
    exit_unless_done(summary, is_part=is_part)


def _with_beam_options(job: "Job", options: Sequence[str]) -> "Job":
    """Return the job with options added for Beam; without options, return the job as it is.

    Raises JobError if the job has another runner, or if an option holds a secret.
    """
    from pipelines.config.runners import BeamRunnerConfig
    from pipelines.config.secrets import refuse_secret_options

    if not options:
        return job
    if not isinstance(job.runner, BeamRunnerConfig):
        raise JobError(f"{options[0]}: only runner: {{kind: beam}} takes options after --")
    refuse_secret_options(options)
    runner = job.runner.model_copy(update={"options": (*job.runner.options, *options)})
    return job.model_copy(update={"runner": runner})


def fetch(job: JobArgument, settings: SettingsOption = None) -> None:
    """Download the job's models, so that later runs on this machine need no network."""
    from rich import filesize
    from rich.markup import escape

    from pipelines.operations.fetch import fetch as fetch_models

    with spinner("fetching") as spinning:

        def on_progress(copied: "Copied") -> None:
            done, size = filesize.decimal(copied.done), filesize.decimal(copied.size)
            spinning.update(f"fetching {escape(copied.url)}: {done} of {size}")

        def on_wait(folder: str) -> None:
            spinning.update(f"waiting for another process that fills {escape(folder)}")

        models = 0
        for name, folder in fetch_models(load_job(job, settings), on_progress, on_wait):
            models += 1
            if shows("info"):
                print_lines(f"{name} is in {folder}")
    if not models and shows("info"):
        STDOUT.print("the job names no model: there is nothing to fetch")


def _as_yaml(record: Mapping[str, object]) -> str:
    """Write a record of a job as YAML, with its keys in the job's order."""
    from ruamel.yaml import YAML

    yaml, text = YAML(typ="safe", pure=True), io.StringIO()
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(record, text)
    return text.getvalue()
