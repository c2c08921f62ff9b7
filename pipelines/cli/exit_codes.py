"""The exit codes of commands, and the one line on stderr that explains a failure."""

import functools
from collections.abc import Callable
from types import FrameType
from typing import ParamSpec

import typer

from pipelines.cli.printing import STDERR
from pipelines.concurrency.process_exit import TERMINATED, WORKER_FAULT
from schemas.errors import JobError, ShardFault, Terminated, TooManyErrors, WorkerFault

WRONG_JOB, INCOMPLETE = 2, 3  # the job is wrong; some units are not committed
INTERRUPTED = 130  # Ctrl-C: 128 and the number of SIGINT

P = ParamSpec("P")


def with_exit_code(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that every expected error becomes one line on stderr and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except JobError as error:
            _exit(str(error), WRONG_JOB)
        except ShardFault as fault:
            _exit(f"the shard cannot be read: {fault}", INCOMPLETE)
        except TooManyErrors as error:
            _exit(f"stopped: {error}", INCOMPLETE)
        except WorkerFault as fault:
            _exit(f"this machine failed, no shard is charged: {fault}; run again", WORKER_FAULT)
        except OSError as error:
            _exit(f"{error.filename or 'storage'}: {error.strerror}", WORKER_FAULT)
        except KeyboardInterrupt as interrupt:
            code = TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED
            _exit("interrupted: what is committed stays; run the same command to go on", code)

    return wrapped


def print_error(message: str) -> None:
    """Print a message as one line on stderr; line breaks in it become spaces."""
    line = " ".join(message.split())
    STDERR.print(f"shardmill: {line}", style="bold red", markup=False, soft_wrap=True)


def on_sigterm(signum: int, frame: FrameType | None) -> None:
    """Raise Terminated, so that SIGTERM ends a run as Ctrl-C does, with another exit code."""
    raise Terminated


def _exit(message: str, code: int) -> None:
    print_error(message)
    raise typer.Exit(code)
