"""Builds the terminal tables of an evaluation."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from pipelines.display.table_parts import borderless
from pipelines.display.terminal_safe import plain
from pipelines.evaluation.results import Comparison, Evaluation, Value
from pipelines.evaluation.sample_notes import sample_notes
from schemas.counted import counted

if TYPE_CHECKING:  # reads images
    from pipelines.operations.evaluating.worst_samples import WorstSample

_MAX_NAME, _MAX_TEXT = 40, 60  # characters


def print_job_evaluations(evaluations: Iterable[Evaluation], console: Console) -> None:
    """Print the values of a job's `evaluations`, and which samples are not judged."""
    for each in evaluations:
        console.print(f"\n{each.task}, by the references in {each.truth}:", markup=False)
        console.print(values_table(each))
        for line in evaluation_notes(each):
            console.print(line, markup=False, soft_wrap=True)


def values_table(result: Evaluation) -> Table:
    """Build a table with each value, its interval and its number of samples, also of parts."""
    table = _table(["metric", "value", "95 %", "samples"])
    judged = result.samples["judged"]
    for name, value in result.values.items():
        table.add_row(name, *_cells(value), f"{judged:,}")
        for part, each in result.parts.items():
            shown = f"  {plain(part, _MAX_NAME) or 'empty'}"
            table.add_row(shown, *_cells(each.values[name]), f"{each.samples:,}")
        for average, number in result.averages.get(name, {}).items():
            table.add_row(f"  {average}: mean of languages", _number(number), "", "")
    return table


def comparisons_table(result: Evaluation) -> Table:
    """Build a table with how the other output differs."""
    table = _table(["metric", "difference", "95 %", "better", "worse", "p"])
    for name, each in result.comparisons.items():
        table.add_row(name, *_cells(each.difference), *comparison_cells(each))
    return table


def comparison_cells(found: Comparison) -> tuple[str, ...]:
    """Return the numbers of better and worse samples, empty if there are none, and the p-value."""
    counts = ("" if number is None else f"{number:,}" for number in (found.better, found.worse))
    return *counts, f"{found.p_value:.4f}"


def worst_table(samples: "tuple[WorstSample, ...]") -> Table:
    """Build a table with the worst samples, their answers and references."""
    table = _table(["shard", "index", "key", "score", "answer", "references"])
    for each in samples:
        table.add_row(
            plain(each.shard, _MAX_NAME),
            str(each.index),
            plain(each.key or "", _MAX_NAME),
            _number(each.score),
            plain(_shown(each.answer), _MAX_TEXT),
            "(hidden)" if each.hidden else plain(_shown(each.truth), _MAX_TEXT),
        )
    return table


def evaluation_notes(result: Evaluation) -> Iterator[str]:
    """Yield the lines below the tables: which samples are not judged, or count as empty."""
    yield from sample_notes(result.samples)
    if (changed := result.samples.get("changed")) is not None:
        judged = result.samples["judged"]
        yield f"{changed / judged:.1%} of {counted(judged, 'answer')} differ"


def _table(columns: list[str]) -> Table:
    table = borderless()
    texts = ("metric", "shard", "key", "answer", "references")
    for name in columns:
        table.add_column(name, justify="left" if name in texts else "right")
    return table


def _cells(value: Value) -> tuple[str, str]:
    if value.low is None or value.high is None:
        return _number(value.value), ""
    return _number(value.value), f"{_number(value.low)} to {_number(value.high)}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
