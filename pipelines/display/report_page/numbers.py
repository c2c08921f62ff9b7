"""Writes numbers for people."""

from math import isfinite


def written(value: float | None) -> str:
    """Write a score or another number: whole numbers with commas, others with three digits."""
    if value is None or not isfinite(value):
        return "–"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def percent(part: float, whole: float) -> str:
    """Write a share: more digits near 0 and 100 %, so that no part of many looks like none."""
    if not whole:
        return "–"
    share = 100 * part / whole
    if share in (0, 100) or 1 <= share <= 99:
        return f"{share:.0f} %"
    return "< 0.1 %" if share < 0.1 else "> 99.9 %" if share > 99.9 else f"{share:.1f} %"


def duration(seconds: float) -> str:
    """Write a duration in the unit in which it is read most easily."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} seconds" if seconds < 10 else f"{seconds:.0f} seconds"
