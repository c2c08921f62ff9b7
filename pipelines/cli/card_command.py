"""The command that writes the documents with which a dataset is handed on: card."""

from typing import Annotated

import typer

from pipelines.cli.options import (
    ForceOption,
    JsonOption,
    OutputArgument,
    StorageOption,
    storage_of,
)
from pipelines.cli.printing import inform, print_json, print_lines
from pipelines.cli.progress import spinner
from schemas.counted import counted


def card(
    output: OutputArgument,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="FOLDER", help="Write there; default: OUTPUT-card."),
    ] = None,
    force: ForceOption = False,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a dataset card, a datasheet, Croissant and the EU's table of training content.

    All is taken from the rows and the record of the job; what these do not tell is left open by
    name.
    """
    from pipelines.operations.card import write_card

    with spinner("reading"):
        written = write_card(output, to, storage_of(storage), force=force)
    if written.missing_units:
        missing = counted(written.missing_units, "unit")
        inform(f"{missing} not committed: the card is not about their samples")
    if as_json:
        print_json(written._asdict())
        return
    print_lines(*written.files)
    inform(f"open questions: {', '.join(written.open_questions)}")
