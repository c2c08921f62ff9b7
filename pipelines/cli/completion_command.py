"""The command that prints what a shell needs to complete commands and options: completion."""

from enum import StrEnum
from typing import Annotated

import typer

PROGRAM = "shardmill"  # the name under which the command line speaks of itself
COMPLETE_VARIABLE = "_SHARDMILL_COMPLETE"  # set by the shell when it asks for completions


class Shell(StrEnum):
    """The shells that can complete: an enum, because typer takes no literals here."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


def register_shells() -> None:
    """Let typer know the shells: it does so by itself only for its own completion options."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()


def completion(
    context: typer.Context,
    shell: Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="The shell.")],
) -> None:
    """Print a script for a shell to complete commands: eval "$(shardmill completion bash)"."""
    from typer.completion import shell_complete

    register_shells()
    command = context.find_root().command
    shell_complete(command, {}, PROGRAM, COMPLETE_VARIABLE, f"source_{shell.value}")
