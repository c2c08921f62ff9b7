"""The command that counts what other thresholds would change: whatif."""

from pipelines.cli.options import (
    JsonOption,
    OutputArgument,
    SettingsOption,
    StorageOption,
    storage_of,
)
from pipelines.cli.printing import STDOUT, print_json, print_lines
from pipelines.cli.progress import spinner


def whatif(
    output: OutputArgument,
    *,
    settings: SettingsOption = None,
    storage: StorageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count what other thresholds of filters would change, from the scores that rows store."""
    from pipelines.display.whatif import whatif_notes, whatif_table
    from pipelines.operations.whatif import whatif as count_changes

    with spinner("reading"):
        result = count_changes(output, settings or (), storage_of(storage))
    if as_json:
        print_json(result.model_dump(mode="json"))
        return
    STDOUT.print(whatif_table(result))
    print_lines(*whatif_notes(result))
