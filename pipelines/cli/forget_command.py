"""The command that erases listed samples from an output: forget."""

from typing import Annotated

import typer

from pipelines.cli.options import JsonOption, OutputArgument, StorageOption, storage_of
from pipelines.cli.printing import inform, print_json, print_lines
from pipelines.cli.progress import spinner


def forget(
    output: OutputArgument,
    *,
    listed: Annotated[
        str | None,
        typer.Option(
            "--list",
            metavar="FILE",
            help="The samples: a key, a URL or the SHA-256 of an image per line.",
        ),
    ] = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase listed samples from an output for good, and block them for later runs.

    Example: shardmill forget OUTPUT --list requests.txt

    Only the files that hold them are written anew. Without --list, earlier lists are applied again,
    for example after the command was stopped.
    """
    from pipelines.display.erased import erased_lines, erased_notes
    from pipelines.operations.forget import forget_samples

    with spinner("reading"):
        erased = forget_samples(output, listed, storage_of(storage))
    if as_json:
        print_json({**erased._asdict(), "lines": erased.lines._asdict()})
        return
    print_lines(*erased_lines(erased))
    inform(*erased_notes(erased))
