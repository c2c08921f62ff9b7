"""Says in lines what `shardmill forget` erased, without the values of the list."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipelines.display.row_fields import MAX_NAME
from pipelines.display.table_parts import some
from pipelines.display.terminal_safe import plain
from schemas.counted import counted

if TYPE_CHECKING:
    from pipelines.operations.forget import Erased
    from pipelines.operations.forgetting.forget_list import Lines

_MOST_NUMBERS = 20  # of lines that are shown


def erased_lines(erased: "Erased") -> Iterator[str]:
    """Yield what was erased, and what the lines of the list matched."""
    before = f"; {counted(erased.samples_before, 'sample')} before" if erased.samples_before else ""
    yield f"erased: {counted(erased.samples, 'sample')} in {counted(erased.files, 'file')}{before}"
    if erased.lines.read:
        yield f"list: {counted(erased.lines.read, 'line')}; {_matches(erased.lines)}"


def erased_notes(erased: "Erased") -> Iterator[str]:
    """Yield what a reader should do about lines without a row, and what was not reached."""
    if erased.evaluations:
        yield f"erased from {counted(erased.evaluations, 'file')} of evaluations, too"
    if erased.lines.unmatched:
        yield (
            "Lines without a row: later runs drop such samples, but a kept row may hold one whose "
            "key a filter changed: list its URL or the SHA-256 of its image too"
        )
    if erased.strangers:
        names = [plain(name, MAX_NAME) for name in erased.strangers]
        yield f"Not read, because the job did not write them: {some(names)}"
    yield "Exports, pages and outputs that were made of the rows are not reached: make them anew"


def _matches(lines: "Lines") -> str:
    parts = [f"{lines.matched:,} with a row"]
    if lines.listed_before:
        parts.append(f"{lines.listed_before:,} listed before")
    if lines.unmatched:
        numbers = [str(number) for number in lines.unmatched_numbers[:_MOST_NUMBERS]]
        more = " and more" if lines.unmatched > len(numbers) else ""
        noun = "line" if lines.unmatched == 1 else "lines"
        parts.append(f"{lines.unmatched:,} without a row ({noun} {', '.join(numbers)}{more})")
    return ", ".join(parts)
