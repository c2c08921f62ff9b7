"""Says what to change if the command line is wrong."""

import re
from collections.abc import Collection, Sequence
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
# Options of other commands -> the option of a command that has no such option, but this one.
_FOREIGN_OPTIONS = {"--output": "--to", "-o": "--to"}
# What the parser says of a value, in the words of pydantic -> what is said here.
_WORDS = (
    (re.compile("Value error, "), ""),
    (re.compile(r"Input should be a valid integer, .*"), "must be a whole number"),
    (re.compile(r"Input should be a valid number, .*"), "must be a number"),
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"must be at least \1"),
    (re.compile(r"Input should be less than or equal to (\S+)"), r"must be at most \1"),
    (re.compile("Input should be"), "must be"),
)


def describe_usage_error(
    error: TyperException, arguments: Sequence[str], commands: Sequence[str]
) -> str:
    """Return the message of an error in the command line's arguments, with what to change."""
    message = _plain(error.format_message())
    if option := getattr(error, "option_name", None):
        return _describe_option(str(option), message, arguments, _options_of(error))
    if unknown := re.match(r"No such command '(.*?)'", message):
        return _describe_command(unknown[1], message, arguments, commands)
    if message.startswith("Missing argument") and arguments and arguments[0] in commands:
        return f"{message.rstrip('.')}: `shardmill {arguments[0]} --help` shows how to call it"
    return message


def _plain(message: str) -> str:
    """Return a message about a value in the words of this project's own messages."""
    for theirs, own in _WORDS:
        message = theirs.sub(own, message)
    return message


def _options_of(error: TyperException) -> frozenset[str]:
    """Return the options of the command that was called, such as --json."""
    context = getattr(error, "ctx", None)
    parameters = context.command.params if context else ()
    return frozenset(name for each in parameters for name in each.opts)


def _describe_option(
    option: str, message: str, arguments: Sequence[str], known: Collection[str]
) -> str:
    if not message.startswith("No such option"):
        return message
    if (own := _FOREIGN_OPTIONS.get(option)) in known:
        return f"No such option: {option}: write {own}"
    if "--set" in known:
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
