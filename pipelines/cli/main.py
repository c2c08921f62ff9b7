"""The command line's entry point and its list of commands."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from typer.exceptions import TyperException

from pipelines.cli.bench_command import bench
from pipelines.cli.calibrate_command import calibrate
from pipelines.cli.card_command import card
from pipelines.cli.completion_command import (
    COMPLETE_VARIABLE,
    PROGRAM,
    completion,
    register_shells,
)
from pipelines.cli.duplicates_command import duplicates
from pipelines.cli.evaluate_command import evaluate
from pipelines.cli.exit_codes import print_error, report_stdout, with_exit_code
from pipelines.cli.explain_command import explain
from pipelines.cli.export_command import export
from pipelines.cli.forget_command import forget
from pipelines.cli.hashes_command import hashes
from pipelines.cli.job_commands import fetch, init, plan, run
from pipelines.cli.log_options import wanted_format, with_log
from pipelines.cli.look_command import look
from pipelines.cli.output_commands import finish, inspect, retry, status, verify
from pipelines.cli.preview_command import preview
from pipelines.cli.report_command import report
from pipelines.cli.review_command import review
from pipelines.cli.schema_command import schema
from pipelines.cli.slurm_command import slurm
from pipelines.cli.usage_errors import describe_usage_error
from pipelines.cli.whatif_command import whatif
from pipelines.cli.whence_command import whence
from pipelines.concurrency.standard_streams import StdoutUnwritable
from pipelines.logs.configuration import configured

app = typer.Typer(
    help="Captions, answers, OCR text and detections for image-text shards, as Parquet.\n\n"
    "Start with: shardmill init, then edit job.yaml, then plan, preview and run it.\n\n"
    "Exit codes: 0 done; 1 this machine is at fault; 2 the job or command line is wrong; "
    "3 some shards are not committed, or no sample is kept; 130/143 "
    "interrupted, run again to go on.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks print local variables: contents of samples
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"{PROGRAM} {version('shardmill')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""


# In the order of `shardmill --help`.
_COMMANDS: tuple[Callable[..., None], ...] = (
    init,
    plan,
    preview,
    run,
    fetch,
    retry,
    status,
    inspect,
    report,
    look,
    whence,
    card,
    whatif,
    calibrate,
    evaluate,
    review,
    export,
    verify,
    finish,
    forget,
    hashes,
    duplicates,
    slurm,
    explain,
    schema,
    bench,
    completion,
)
_LOGGED = (run, fetch, retry, finish, export)  # commands that take long or that schedulers start
for _command in _COMMANDS:
    app.command()(with_log(with_exit_code(_command), options=_command in _LOGGED))


def main() -> None:
    """Run the command line; wrong usage also ends with one line on stderr."""
    try:
        if COMPLETE_VARIABLE in os.environ:
            register_shells()
        code = app(standalone_mode=False, prog_name=PROGRAM)
        sys.stdout.flush()
        sys.exit(code)
    except StdoutUnwritable as error:  # the help, say
        sys.exit(report_stdout(error))
    except TyperException as error:
        if error.format_message():  # empty where typer has shown the help instead
            commands = [command.__name__ for command in _COMMANDS]
            with configured(wanted_format()):
                line = describe_usage_error(error, sys.argv[1:], commands)
                print_error(line, error.exit_code)
        sys.exit(error.exit_code)
