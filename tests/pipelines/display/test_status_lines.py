"""Tables write numbers of samples with separators between thousands."""

import io

from rich.console import Console

from pipelines.display.tables import counts_table
from schemas.report import Counts


def test_thousands_are_separated() -> None:
    counts = Counts(
        read=1234567, kept=1230000, invalid=4567, reasons={"invalid/image_truncated": 4567}
    )
    console = Console(file=io.StringIO(), width=80)
    console.print(counts_table(counts))
    assert isinstance(console.file, io.StringIO)
    shown = [line.split() for line in console.file.getvalue().splitlines()]
    assert ["1,234,567", "read"] in shown
    assert ["4,567", "invalid/image_truncated"] in shown
