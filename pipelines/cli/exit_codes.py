"""How a command ends: in one line and an exit code, whatever went wrong."""

import functools
from collections.abc import Callable
from types import FrameType
from typing import ParamSpec

import typer
from rich.console import Console

from schemas.errors import JobError, ShardFault, Terminated, TooManyErrors, WorkerFault

SICK_WORKER, WRONG_JOB, INCOMPLETE = 1, 2, 3  # exit codes; 0 is success
INTERRUPTED, TERMINATED = 130, 143

P = ParamSpec("P")

STDERR = Console(stderr=True, highlight=False)


def with_ending(command: Callable[P, None]) -> Callable[P, None]:
    """The command, with each kind of trouble turned into its line and its exit code."""

    @functools.wraps(command)
    def ended(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except JobError as error:
            _stop(str(error), WRONG_JOB)
        except ShardFault as fault:
            _stop(f"the shard cannot be read: {fault}", INCOMPLETE)
        except TooManyErrors as error:
            _stop(f"stopped: {error}", INCOMPLETE)
        except WorkerFault as fault:
            _stop(f"this machine failed, no shard is charged: {fault}; run again", SICK_WORKER)
        except OSError as error:
            _stop(f"{error.filename or 'storage'}: {error.strerror}", SICK_WORKER)
        except KeyboardInterrupt as interrupt:
            code = TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED
            _stop("interrupted: what is committed stays; run the same command to go on", code)

    return ended


def complain(message: str) -> None:
    """One line on stderr, whatever breaks the message has."""
    line = " ".join(message.split())
    STDERR.print(f"shardmill: {line}", style="bold red", markup=False, soft_wrap=True)


def terminate(signum: int, frame: FrameType | None) -> None:
    """The handler of SIGTERM: a run ends as by Ctrl-C, with an exit code of its own."""
    raise Terminated


def _stop(message: str, code: int) -> None:
    complain(message)
    raise typer.Exit(code)
