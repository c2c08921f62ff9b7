"""Says what to change if the command line is wrong."""

import re
from collections.abc import Sequence
from pathlib import Path

from typer.exceptions import TyperException

# Commands of other tools -> the command that does the same.
_FOREIGN = {
    **dict.fromkeys(("annotate", "start", "execute", "resume", "continue"), "run"),
    **dict.fromkeys(("check", "validate", "lint", "dry-run"), "plan"),
    **dict.fromkeys(("new", "create"), "init"),
    **dict.fromkeys(("show", "view", "head"), "inspect"),
    **dict.fromkeys(("download", "pull"), "fetch"),
    **dict.fromkeys(("test", "try", "sample"), "preview"),
}


def describe_usage_error(
    error: TyperException, arguments: Sequence[str], commands: Sequence[str]
) -> str:
    """Return the message of an error in the command line's arguments, with what to change."""
    message = error.format_message()
    if option := getattr(error, "option_name", None):
        return _describe_option(str(option), message, arguments)
    if unknown := re.match(r"No such command '(.*?)'", message):
        return _describe_command(unknown[1], message, arguments, commands)
    if message.startswith("Missing argument") and arguments and arguments[0] in commands:
        return f"{message.rstrip('.')}: `shardmill {arguments[0]} --help` shows how to call it"
    return message


def _describe_option(option: str, message: str, arguments: Sequence[str]) -> str:
    if not message.startswith("No such option"):
        return message
    from pipelines.config.job import Job
    from pipelines.config.unknown_keys import setting_of_option

    if advice := setting_of_option(option, Job):
        return f"No such option: {option}: {advice}"
    command = f" {arguments[0]}" if arguments and not arguments[0].startswith("-") else ""
    return f"{message}: `shardmill{command} --help` lists all"


def _describe_command(
    name: str, message: str, arguments: Sequence[str], commands: Sequence[str]
) -> str:
    after = [each for each in arguments if each != name]
    command = after[0] if after and after[0] in commands else "run"
    if name.endswith((".yaml", ".yml", ".json")) or Path(name).is_file():
        return f"{name} is no command: write the command first: shardmill {command} {name}"
    if name in _FOREIGN:
        return f"No such command {name!r}: did you mean {_FOREIGN[name]!r}?"
    if "Did you mean" in message:
        return message
    return f"No such command {name!r}: `shardmill --help` lists all"
