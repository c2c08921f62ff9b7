"""Commands that take a job's output: retry, status, inspect, verify, finish."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.exit_codes import INCOMPLETE, exit_unless_done
from pipelines.cli.options import (
    BadStatus,
    ForceOption,
    JsonOption,
    MetricsFileOption,
    MetricsPortOption,
    OutputArgument,
    SamplesOption,
    SheetOption,
    StorageOption,
    sheet_to_write,
    storage_of,
    with_metrics,
)
from pipelines.cli.printing import (
    STDOUT,
    inform,
    print_json,
    print_rows,
    print_summary,
    rows_as_json,
    save_sheet,
)
from pipelines.cli.progress import progress_on_stderr, spinner
from schemas.errors import JobError, Terminated
from schemas.sample_status import SampleStatus

if TYPE_CHECKING:
    from pipelines.evaluation.results import Evaluation


def retry(
    output: OutputArgument,
    *,
    statuses: Annotated[
        list[BadStatus] | None,
        typer.Option("--with", help="Also shards with samples of this status; repeatable."),
    ] = None,
    changed: Annotated[
        bool, typer.Option("--changed", help="Also shards that changed since they were committed.")
    ] = False,
    metrics_file: MetricsFileOption = None,
    metrics_port: MetricsPortOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete files without asking.")] = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run failed shards again; with options, also those with bad samples and those that changed.

    The committed files of shards that run again are deleted first, after a question.

    Example: shardmill retry OUTPUT --with invalid
    """
    from pipelines.operations.retry import find_retry
    from pipelines.operations.retry import retry as retry_units
    from schemas.counted import counted

    candidates = find_retry(
        output,
        [status.value for status in statuses or ()],
        storage_of(storage),
        changed=changed,
    )
    job = with_metrics(candidates.job, metrics_file, metrics_port)
    candidates = replace(candidates, job=job)
    failed, bad = (candidates.count_shards(names) for names in (candidates.failed, candidates.bad))
    again = [counted(failed, "failed shard")]
    again += [counted(bad, "committed shard with such samples")] if statuses else []
    again += [counted(len(candidates.changed), "changed shard")] if changed else []
    others = "" if failed or statuses or changed else " (--with and --changed name other shards)"
    inform(f"to do again: {', '.join(again)}{others}")
    if candidates.files:
        for file in candidates.files:
            inform(f"to be deleted: {file}")
        if not yes and not _agrees("Delete these files?"):
            raise JobError("nothing was deleted, nothing run: --yes deletes without asking")
    evaluations: list[Evaluation] = []
    with progress_on_stderr() as progress:
        summary = retry_units(
            candidates,
            on_plan=progress.on_plan,
            on_progress=progress.on_progress,
            on_report=progress.on_report,
            on_warning=progress.on_warning,
            on_evaluated=evaluations.append,
        )
        progress.on_summary(summary)
    print_summary(summary, candidates.job.output, as_json, evaluations=evaluations)
    exit_unless_done(summary)


def _agrees(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort as error:
        if isinstance(error.__context__, EOFError):  # there is nobody to answer
            typer.echo(err=True)  # ends the line of the question
            return False
        raise


def _watch(output: str, storage: str | None, price: str | None, as_json: bool) -> None:
    """Show an output until no run is at work in it; Ctrl-C ends this like the end of the runs."""
    from pipelines.display.watched_status import show_watched
    from pipelines.operations.price import HourlyPrice
    from pipelines.operations.watch import watch

    if as_json:
        raise JobError("--watch: shows tables and lines: leave out --json")
    hourly = HourlyPrice.parse(price) if price else None
    try:
        show_watched(watch(output, storage_of(storage), inform), STDOUT, hourly)
    except Terminated:
        raise
    except KeyboardInterrupt:
        return


def status(
    output: OutputArgument,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again and again, until no run is at work.")
    ] = False,
    price: Annotated[
        str | None,
        typer.Option(
            metavar="PRICE", help="With --watch: what a run costs in an hour, such as 2.50/h."
        ),
    ] = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many shards of an output are committed, and how many samples are kept.

    Example: shardmill status OUTPUT --watch
    """
    from pipelines.display.tables import status_table
    from pipelines.operations.status import status as read_status

    if watch:
        _watch(output, storage, price, as_json)
        return
    if price is not None:
        raise JobError("--price: is told while runs are at work: add --watch")
    output_status = read_status(output, storage_of(storage), inform)
    if as_json:
        print_json(output_status.model_dump(mode="json"))
    else:
        STDOUT.print(status_table(output_status))


def inspect(
    output: OutputArgument,
    *,
    samples: SamplesOption = 8,
    row_status: Annotated[
        SampleStatus | None, typer.Option("--status", help="Only rows with this status.")
    ] = None,
    shard: Annotated[
        str | None, typer.Option(help="Only rows of this shard, such as 00003.tar.")
    ] = None,
    unit: Annotated[str | None, typer.Option(hidden=True)] = None,  # an earlier name of --shard
    by_filter: Annotated[
        str | None, typer.Option("--filter", help="Only rows that this filter decided.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only rows with this reason; FILTER/REASON works too.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Only kept rows with this key.")] = None,
    seed: Annotated[
        int | None,
        typer.Option("--random", min=0, metavar="SEED", help="Draw rows at random by this number."),
    ] = None,
    sheet_file: SheetOption = None,
    storage: StorageOption = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show rows of an output in readable form, and write a PNG of their images with boxes.

    The PNG is inspect.png, or the next free name such as inspect-2.png, unless --sheet names one.

    Example: shardmill inspect OUTPUT --status dropped --filter image_size -n 20
    """
    from pipelines.operations.inspect import RowChoice, select

    writes_sheet = sheet_file is not None or not as_json
    file = sheet_to_write(sheet_file, "inspect.png", force) if writes_sheet else None
    choice = RowChoice(row_status, shard or unit, by_filter, reason, key, seed)
    rows = select(output, samples, choice, storage_of(storage))
    if as_json:
        print_json(rows_as_json(rows))
    else:
        print_rows(rows)
    if file is not None:
        save_sheet(rows, file)


def verify(
    output: OutputArgument,
    quick: Annotated[
        bool, typer.Option("--quick", help="Read the footers of files alone, not their rows.")
    ] = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a whole output and check it: every sample is there once, and no file is damaged.

    It ends with exit code 3 if it finds a problem.
    """
    from pipelines.display.table_parts import in_shards
    from pipelines.display.tables import counts_table
    from pipelines.operations.verify import verify as verify_output
    from schemas.counted import counted

    with spinner("reading") as shown:
        result = verify_output(
            output,
            storage_of(storage),
            on_unit=lambda unit: shown.update(f"reading {unit}"),
            quick=quick,
        )
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        for problem in result.problems:
            STDOUT.print(problem, style="red", markup=False, soft_wrap=True)
        for file in result.salvaged:
            STDOUT.print(f"salvaged: {file}", style="yellow", markup=False, soft_wrap=True)
        STDOUT.print(counts_table(result.counts))
        problems = len(result.problems)
        shards = in_shards(result.units, result.shards)
        read = "footers of " if quick else ""
        STDOUT.print(f"{read}{counted(result.files, 'file')} of {shards}; problems: {problems}")
    if result.problems:
        raise typer.Exit(INCOMPLETE)


def finish(
    output: OutputArgument, storage: StorageOption = None, as_json: JsonOption = False
) -> None:
    """Write the summary of an output and, if every shard is committed, _SUCCESS.

    A run does this at its end. Call it if the last run was killed then.
    """
    from pipelines.operations.finish import finish as finish_output

    made: list[Evaluation] = []
    summary = finish_output(
        output, storage_of(storage), on_evaluated=made.append, on_warning=inform
    )
    print_summary(summary, output, as_json, evaluations=made)
    exit_unless_done(summary)
