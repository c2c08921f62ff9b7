"""The command that counts what other thresholds would change: whatif."""

from typing import Annotated

import typer

from pipelines.cli.options import JsonOption, OutputArgument, StorageOption, storage_of
from pipelines.cli.printing import STDOUT, print_json, print_lines
from pipelines.cli.progress import spinner


def whatif(
    output: OutputArgument,
    *,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Another threshold, such as filters.image_size.min_side=300; repeatable.",
        ),
    ] = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count what other thresholds of filters would change, from the scores that rows store.

    No shard is read, and nothing is changed.

    Example: shardmill whatif OUTPUT --set filters.text_quality.min_words=3
    """
    from pipelines.display.whatif import whatif_notes, whatif_table
    from pipelines.operations.whatif import whatif as count_changes

    with spinner("reading"):
        result = count_changes(output, settings or (), storage_of(storage))
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    STDOUT.print(whatif_table(result))
    print_lines(*whatif_notes(result))
