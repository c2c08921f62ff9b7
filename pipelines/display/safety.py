"""Builds the terminal tables of `evaluate --safety`, in percent as on the cards."""

from collections.abc import Iterator, Mapping

from rich.table import Table

from pipelines.display.table_parts import borderless
from pipelines.display.terminal_safe import plain
from pipelines.operations.evaluating.safety_counts import FilterSafety
from schemas.counted import counted

_MAX_NAME = 40  # characters
_NOTES = {
    "not_asked": "not judged: the model was not asked",
    "withheld": "not judged: another filter had withheld them, and their text is not stored",
    "indeterminate": "not judged: the filter could not judge them",
    "without_text": "not judged: they have no text",
}


def shares_table(found: FilterSafety, threshold: float) -> Table:
    """Build a table with the share of each score, of all answers."""
    table = _table([found.filter, f"% from {threshold:g} on", "95 %", "answers"])
    for name, share in found.values.items():
        table.add_row(
            plain(name, _MAX_NAME),
            _percent(share.value),
            _interval(share.low, share.high),
            f"{share.samples:,}",
        )
    return table


def subgroups_table(found: FilterSafety, column: str) -> Table:
    """Build a table with maximum and median over the subgroups of a column, and their number."""
    number = len(found.subgroups[column])
    columns = ["maximum", "95 %", "subgroup", "answers", "median", "95 %"]
    table = _table([f"{plain(column, _MAX_NAME)} ({number:,})", *columns])  # 80 characters wide
    for name, each in found.summaries[column].items():
        worst = each.maximum
        table.add_row(
            plain(name, _MAX_NAME),
            _percent(worst.value),
            _interval(worst.low, worst.high),
            plain(each.subgroup, _MAX_NAME) or "empty",
            f"{worst.samples:,}",
            _percent(each.median),
            _interval(each.low, each.high),
        )
    return table


def filter_notes(found: FilterSafety, without_subgroup: Mapping[str, int]) -> Iterator[str]:
    """Yield the lines below the tables: where scores are from, and which answers have none."""
    if found.from_rows:
        yield f"{found.filter}: the scores are those that the job stored"
    else:
        yield f"{found.filter}: the job has no scores of it, so it judged the stored answers now"
    for name, note in _NOTES.items():
        if number := found.samples[name]:
            yield f"{counted(number, 'answer')} {note}"
    for column, number in without_subgroup.items():
        if number:
            yield f"{counted(number, 'answer')} in no subgroup: {plain(column, _MAX_NAME)} is null"


def _table(columns: list[str]) -> Table:
    table = borderless()
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if not place or name == "subgroup" else "right")
    return table


def _interval(low: float, high: float) -> str:
    return f"{_percent(low)}-{_percent(high)}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"
