"""Parts of terminal tables: lines of a label and a value, and numbers of shards and bytes."""

from collections.abc import Sequence
from math import ceil

from rich.table import Table
from rich.text import Text

from schemas.counted import counted

CHANGED_ADVICE = "changed since committed: `shardmill retry OUTPUT --changed` makes the rows again"
NOT_JUDGED = "images were not judged: no filter classifies images by a model"


def in_shards(units: int, shards: int) -> str:
    """Write a number of shards, and in how many pieces they are run if large ones are split."""
    pieces = "" if units == shards else f" in {counted(units, 'piece')}"
    return f"{counted(shards, 'shard')}{pieces}"


def of_shards(number: int, units: int, shards: int) -> str:
    """Write how many shards are meant; of how many pieces, if large shards are run in pieces."""
    pieces = "" if units == shards else f"{counted(units, 'piece')} of "
    return f"{number:,} of {pieces}{counted(shards, 'shard')}"


def some(names: Sequence[str], most: int = 5) -> str:
    """Write the first names, and the number of the others."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def two_columns() -> Table:
    """Make an empty table of labels and values."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def borderless() -> Table:
    """Make an empty table whose columns stand two spaces apart."""
    return Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))


def add_line(table: Table, label: str, value: str) -> None:
    table.add_row(Text(label), Text(value))


def time_left(seconds: float) -> str:
    """Write a time in hours; below an hour, in minutes, rounded up."""
    return f"{seconds / 3600:,.1f} hours" if seconds >= 3600 else f"{ceil(seconds / 60)} min"


def written_size(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
