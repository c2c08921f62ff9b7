"""Counts and score histograms of rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import floor, isfinite, log2

from pipelines.rows.row import Row
from schemas.report import Counts, FilterCounts, Histograms

_BINS_BELOW_1 = 20


def count(rows: Iterable[Row]) -> Counts:
    """Count rows by status, reason and language; count redactions and withheld answers too."""
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    redactions: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    filters: dict[str, Counter[str]] = {}
    left_out = truncated = 0
    for row in rows:
        _count_filters(row, filters)
        left_out += row.left_out
        statuses[row.status] += 1
        redactions.update(row.redactions)
        if row.language:
            languages[f"{row.language}/{row.status}"] += 1
        if not row.kept:
            reasons[f"{row.filter or row.status}/{row.reason}"] += 1
            continue
        truncated += bool(row.truncated)
        for task, answer in row.answers.items():
            if answer.withheld_by:
                answers[f"{task}/{answer.withheld_by}"] += 1
    return Counts(
        read=statuses.total(),
        reasons=dict(sorted(reasons.items())),
        filters=tuple(FilterCounts(name=name, **each) for name, each in filters.items()),
        languages=dict(sorted(languages.items())),
        redactions=dict(sorted(redactions.items())),
        answers=dict(sorted(answers.items())),
        left_out=left_out,
        truncated=truncated,
        **statuses,
    )


def _count_filters(row: Row, filters: dict[str, Counter[str]]) -> None:
    """Add a row to the counts of the filters that saw it."""
    for name in row.seen_by:
        filters.setdefault(name, Counter())["seen"] += 1
    for name in row.redacted_by:
        filters[name]["redacted"] += 1
    if row.filter in row.seen_by:  # else, a filter of an earlier output rejected the sample
        filters[row.filter][row.status] += 1
    elif row.status == "invalid" and row.seen_by:
        filters[row.seen_by[-1]]["invalid_after"] += 1


def histograms(rows: Iterable[Row]) -> Histograms:
    """Return the histogram of each score, over kept and rejected rows.

    Bins are 0.05 wide below 1, and double in width above 1. A bin is named by its lower edge.
    """
    bins: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for name, value in row.scores.items():
            bins[name][_lower_edge(value)] += 1
    return bins


def _lower_edge(value: float) -> str:
    if not isfinite(value):
        return str(value)
    edge = floor(value * _BINS_BELOW_1) / _BINS_BELOW_1 if value < 1 else 2 ** floor(log2(value))
    return f"{edge:g}"
