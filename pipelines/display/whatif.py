"""Builds the terminal table of what other thresholds would change."""

from rich.table import Table

from pipelines.display.table_parts import borderless
from pipelines.display.terminal_safe import plain
from pipelines.operations.whatif import WhatIf
from schemas.counted import counted

_MAX_NAME = 120  # characters of a reason


def whatif_table(result: WhatIf) -> Table:
    """Build a table with the samples of each reason before and after the change."""
    unknown = [("cannot be told", "unknown")] if result.unknown else []
    columns = [
        ("before", "before"),
        ("after", "after"),
        ("becomes kept", "becomes_kept"),
        ("was kept", "becomes_this"),
        *unknown,
    ]
    table = borderless()
    table.add_column("filter/reason", no_wrap=True)
    for title, _ in columns:
        table.add_column(title, justify="right")
    for name, change in result.reasons.items():
        numbers = [str(getattr(change, field)) for _, field in columns]
        table.add_row(plain(name, _MAX_NAME), *numbers)
    return table


def whatif_notes(result: WhatIf) -> list[str]:
    """Return the lines below the table: the changes, and what cannot be told."""
    notes = list(result.changes)
    unknown = counted(result.unknown, "sample")
    if result.unknown and result.evaluate == "first":
        notes.append(
            f"{unknown} cannot be told: no later filter has judged them; a job with "
            "`evaluate: all` stores the scores of all filters"
        )
    elif result.unknown:
        notes.append(f"{unknown} cannot be told: their scores are not stored")
    if result.not_from_scores:
        names = ", ".join(result.not_from_scores)
        notes.append(f"verdicts that do not follow from scores: {names}")
    return notes
