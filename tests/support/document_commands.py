"""Says whether the command line knows a command of README or docs, without running it."""

from typing import Any

import typer
from support import document_blocks as documents
from typer.exceptions import TyperException

from pipelines.cli.main import app


def problem(command: str, complete: bool = True) -> str | None:
    """Say what the command line does not know about a command; None if it takes the command.

    A command that is not `complete` may lack arguments, as in a sentence.
    """
    group: Any = typer.main.get_command(app)
    name, *arguments = documents.words(command)[1:]
    try:
        if name in group.commands:
            group.commands[name].make_context(name, arguments)
        else:
            group.make_context("shardmill", [name, *arguments])
            return f"{command}: there is no command {name!r}"
    except typer.Exit:  # --help, or --version
        return None
    except TyperException as error:
        if complete or type(error).__name__ != "MissingParameter":
            return f"{command}: {error.format_message()}"
    return None
