"""The exit codes of commands, and the one line on stderr that explains a failure."""

import errno
import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec

import typer

from pipelines.cli.printing import STDERR
from pipelines.concurrency.interruption import interruptions_raise
from pipelines.concurrency.process_exit import (
    INTERRUPTED,
    INTERRUPTION,
    READER_GONE,
    TERMINATED,
    WORKER_FAULT,
)
from pipelines.concurrency.standard_streams import StdoutUnwritable
from pipelines.logs.log import is_json, log
from schemas.errors import (
    AnswersDrifted,
    GoldenSetFailed,
    JobError,
    ServiceFault,
    ShardFault,
    Terminated,
    TooManyErrors,
    WorkerFault,
)
from schemas.full_disk import full_disk_advice
from schemas.regular_file import NotRegularFile

if TYPE_CHECKING:
    from schemas.report import Summary

WRONG_JOB, INCOMPLETE = 2, 3  # the job is wrong; units are not committed, or no sample is kept

P = ParamSpec("P")


def with_exit_code(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that every expected error becomes one line on stderr and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with interruptions_raise():
                command(*args, **kwargs)
            sys.stdout.flush()
        except JobError as error:
            _exit(str(error), WRONG_JOB)
        except ServiceFault as fault:
            _exit(f"a service did not judge the samples: {fault}; run again", INCOMPLETE)
        except ShardFault as fault:
            _exit(f"the shard cannot be read: {fault}", INCOMPLETE)
        except (AnswersDrifted, GoldenSetFailed, TooManyErrors) as error:
            _exit(f"stopped: {error}", INCOMPLETE)
        except WorkerFault as fault:
            _exit(f"this machine failed, no shard is charged: {fault}; run again", WORKER_FAULT)
        except StdoutUnwritable as error:
            raise typer.Exit(report_stdout(error)) from None
        except NotRegularFile as error:
            _exit(
                f"{error.filename}: is a pipe, a socket or a device: put a file in its place",
                WRONG_JOB,
            )
        except OSError as error:
            is_denied = isinstance(error, PermissionError) and "://" in str(error.filename)
            code = WRONG_JOB if is_denied else WORKER_FAULT
            place = f"{error.filename}: " if error.filename else ""
            _exit(f"{place}{error.strerror}{full_disk_advice(error)}", code)
        except (KeyboardInterrupt, typer.Abort) as interrupt:  # Abort: Ctrl-C at a question
            code = TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED
            print_error(INTERRUPTION, code, event="interrupted")
            raise typer.Exit(code) from None

    return wrapped


def exit_unless_done(summary: "Summary", is_part: bool = False) -> None:
    """End with exit code 3 if units are not committed, have changed shards, or no sample is kept.

    With `is_part`, units that are not committed are no failure, because they were not asked for.
    What counts are the samples of the whole output, not of this run alone.
    """
    from pipelines.operations.running.advice import nothing_kept

    counts = summary.counts
    if summary.outcome == "nothing_kept" or (counts and counts.read and not counts.kept):
        _exit(nothing_kept(counts), INCOMPLETE)
    incomplete = summary.outcome == "failed" or (summary.outcome == "partial" and not is_part)
    if incomplete or summary.changed:
        raise typer.Exit(INCOMPLETE)


def print_error(message: str, code: int, event: str = "command_failed") -> None:
    """Print a message as one line on stderr; line breaks in it become spaces.

    `code` is the exit code that follows, which a log in JSON has.
    """
    if is_json():
        log(event, message, exit_code=code)
        return
    line = " ".join(message.split())
    STDERR.print(f"shardmill: {line}", style="bold red", markup=False, soft_wrap=True)


def report_stdout(error: StdoutUnwritable) -> int:
    """Say that the result of a command could not be written; return the exit code.

    A reader that took what it wanted, such as `head`, is no error: nothing is printed then.
    """
    if error.errno == errno.EPIPE:
        return READER_GONE
    print_error(f"standard output cannot be written: {error.reason}", WORKER_FAULT)
    return WORKER_FAULT


def _exit(message: str, code: int) -> None:
    print_error(message, code)
    raise typer.Exit(code)
