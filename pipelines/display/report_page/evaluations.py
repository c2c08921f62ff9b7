"""Arranges the evaluations of a report as the rows of tables."""

from collections.abc import Iterator
from typing import Any

from pipelines.display.evaluate import comparison_cells, evaluation_notes
from pipelines.display.row_fields import MAX_NAME
from pipelines.display.terminal_safe import plain
from pipelines.evaluation.results import Comparison, Evaluation, Value
from pipelines.evaluation.safety_record import SafetyRecord, SafetyRow
from pipelines.planning.golden_set import golden_task
from pipelines.report.report import Report
from schemas.counted import counted

_MAX_ROWS = 200  # of a table
_DIGITS = 12  # of a fingerprint
_NONE = "–"

Rows = list[list[str]]


def evaluations(report: Report) -> list[dict[str, Any]]:
    """Return a table of values, and one of differences, for each stored evaluation."""
    return [_evaluation(name, each) for name, each in report.evaluations.items()]


def safety(report: Report) -> list[dict[str, Any]]:
    """Return a table of shares for each stored evaluation of safety."""
    return [_safety(name, each) for name, each in report.safety.items()]


def _evaluation(name: str, found: Evaluation) -> dict[str, Any]:
    judged = counted(found.samples.get("judged", 0), "sample")
    on = "The golden set" if golden_task(name) == found.task else "Kept samples"
    rows = list(_values(found))
    return {
        "name": _name(name),
        "words": f"{on}: task {_name(found.task)}, {judged}{_compared_with(found)}.",
        "rows": rows[:_MAX_ROWS],
        "more": _more(len(rows)),
        "comparisons": [_comparison(*each) for each in found.comparisons.items()],
        "notes": list(evaluation_notes(found)),
    }


def _comparison(result: str, found: Comparison) -> list[str]:
    return [_name(result), *_cells(found.difference), *comparison_cells(found)]


def _compared_with(found: Evaluation) -> str:
    parts = [f"against the references in {_name(found.truth)}"] if found.truth else []
    if found.against:
        parts.append(f"against the output with the fingerprint {found.against[:_DIGITS]}")
    return f", {' and '.join(parts)}" if parts else ""


def _values(found: Evaluation) -> Iterator[list[str]]:
    """Yield each value: of all samples, of the parts, and the means over languages."""
    judged = found.samples.get("judged", 0)
    for metric, value in found.values.items():
        yield [_name(metric), *_cells(value), "all", f"{judged:,}"]
        for part, each in found.parts.items():
            if metric in each.values:
                of = f"{_name(found.by or '')}: {_name(part) or 'empty'}"
                yield [_name(metric), *_cells(each.values[metric]), of, f"{each.samples:,}"]
        for average, number in found.averages.get(metric, {}).items():
            of = f"{_name(average)}: mean of languages"
            yield [_name(metric), _number(number), "", of, ""]


def _safety(name: str, found: SafetyRecord) -> dict[str, Any]:
    rows = list(found.rows())
    return {
        "name": _name(name),
        "words": (
            f"Task {_name(found.task)}: the share of answers with a score from "
            f"{found.threshold:g} on."
        ),
        "rows": [_share(each) for each in rows[:_MAX_ROWS]],
        "more": _more(len(rows)),
    }


def _share(row: SafetyRow) -> dict[str, Any]:
    subgroup = _name(row.subgroup) or "empty"
    return {
        "name": f"{_name(row.filter)} {_name(row.score)}",
        "of": f"{_name(row.column)}: {subgroup}" if row.column else "all",
        "share": row.share.value,
        "written": f"{row.share.value:.2%}",
        "interval": f"{row.share.low:.2%} to {row.share.high:.2%}",
        "samples": row.share.samples,
    }


def _more(rows: int) -> str:
    left = rows - _MAX_ROWS
    return f"{counted(left, 'more row')}: `shardmill report --json` prints them." * (left > 0)


def _cells(value: Value) -> list[str]:
    """Write a value and its interval."""
    if value.low is None or value.high is None:
        return [_number(value.value), _NONE]
    return [_number(value.value), f"{_number(value.low)} to {_number(value.high)}"]


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.4g}"


def _name(text: str) -> str:
    return plain(text, 2 * MAX_NAME)
