"""Builds the terminal tables of what thresholds do, and of what decisions tell about them."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from pipelines.calibration.estimates import Interval
from pipelines.display.table_parts import borderless
from pipelines.display.terminal_safe import plain
from pipelines.operations.calibrate import Calibration
from pipelines.operations.calibrating.score_table import ScoreTable, ThresholdCounts
from schemas.counted import counted

_MAX_NAME = 60  # characters
_MOST_LANGUAGES = 6  # columns


def thresholds_table(table: ScoreTable) -> Table:
    """Build a table with what each threshold rejects and lets pass."""
    columns = ["rejects", "share", "of them kept now", "lets pass", "of them rejected now"]
    shown = _table(columns)
    for each in table.thresholds:
        numbers = (each.rejected, each.newly_rejected, each.passed, each.newly_passed)
        rejects, newly_rejected, passed, newly_passed = (f"{number:,}" for number in numbers)
        share = _percent(each.rejected / table.samples) if table.samples else "-"
        shown.add_row(
            f"{each.threshold:.4g}",
            rejects,
            share,
            newly_rejected,
            passed,
            newly_passed,
            ", ".join(each.fields),
        )
    return shown


def languages_table(table: ScoreTable) -> Table | None:
    """Build a table with the share that each threshold rejects of the most frequent languages."""
    languages = list(table.languages)[:_MOST_LANGUAGES]
    if not languages:
        return None
    shown = _table([f"{plain(name, 12) or 'unknown'}" for name in languages])
    for each in table.thresholds:
        shares = (each.by_language[name] / table.languages[name] for name in languages)
        shown.add_row(f"{each.threshold:.4g}", *map(_percent, shares), ", ".join(each.fields))
    return shown


def estimates_table(result: Calibration) -> Table:
    """Build a table with precision and recall of each threshold."""
    shown = _table(["rejects", "decided", "precision", "95 %", "recall", "95 %"])
    for each, counts in zip(result.estimates, result.table.thresholds, strict=True):
        shown.add_row(
            f"{each.threshold:.4g}",
            f"{counts.rejected:,}",
            str(each.decided),
            *_cells(each.precision),
            *_cells(each.recall),
            ", ".join(_marks(counts, result)),
        )
    return shown


def table_notes(table: ScoreTable) -> Iterator[str]:
    """Yield the lines below the table: which samples are counted, and what cannot be told."""
    score = plain(f"{table.filter}.{table.score}", _MAX_NAME)
    bound = "or equal to it " if table.inclusive else ""
    yield f"{score}: a threshold rejects scores that are {table.worse} than it {bound}".rstrip()
    outcomes = ", ".join(f"{number:,} {name}" for name, number in table.outcomes.items())
    yield f"counted: {counted(table.samples, 'sample')} that no other filter rejected ({outcomes})"
    if table.without_score:
        yield f"not counted: {counted(table.without_score, 'sample')} without this score"
    if table.evaluate == "first" and any(each.newly_passed for each in table.thresholds):
        yield (
            "later filters have not judged what this filter rejected, and may reject it: a job "
            "with `evaluate: all` stores the scores of all filters"
        )
    if table.committed < table.units:
        units = counted(table.units, "unit")
        yield f"not committed yet: {table.units - table.committed} of {units}"


def calibration_notes(result: Calibration) -> Iterator[str]:
    """Yield the lines below the estimates, of which the last one is the threshold."""
    table, wanted = result.table, result.wanted
    decided = counted(result.accepted + result.rejected, "sample")
    yield (
        f"{decided} decided: {result.rejected} rejected (the "
        f"filter should reject them), {result.accepted} accepted"
    )
    if result.undecided:
        yield (
            f"{counted(result.undecided, 'drawn sample')} not decided: taken to be like the rest"
        )
    if result.without_decision:
        yield (
            f"{counted(result.without_decision, 'sample')} with a score of which no "
            "sample is decided: nothing is known of them"
        )
    if result.changed:
        yield (
            "the output has other samples than when the page was written: the estimates are about "
            "the samples of that time"
        )
    if dropped := table.outcomes["dropped"]:
        yield (
            f"precision and recall are about kept and quarantined samples: {dropped:,} dropped "
            "ones are shown nowhere, so nothing is known of them"
        )
    share = _percent(result.precision)
    if wanted.estimate is None:
        yield f"no threshold has a precision of {share} among the decided samples"
    else:
        low = "?" if wanted.loosest is None else f"{wanted.loosest:.4g}"
        high = "?" if wanted.surest is None else f"{wanted.surest:.4g}"
        yield (
            f"threshold for a precision of {share}: {wanted.estimate:.4g}; its interval of 95 %: "
            f"{low} to {high}"
        )
    if wanted.surest is None:
        yield (
            f"the sample is too small to be sure of {share}: that needs at least "
            f"{result.least_decided} decided samples beyond a threshold, even if all are rejected: "
            "draw more with --sample"
        )


def _table(columns: Sequence[str]) -> Table:
    shown = borderless()
    shown.add_column("threshold", justify="right")
    for column in columns:
        shown.add_column(column, justify="right")
    shown.add_column("")
    return shown


def _marks(counts: ThresholdCounts, result: Calibration) -> list[str]:
    found = [f"{_percent(result.precision)}"] if counts.threshold == result.wanted.estimate else []
    return [*counts.fields, *found]


def _cells(interval: Interval | None) -> tuple[str, str]:
    if interval is None:
        return "-", "-"
    return _percent(interval.estimate), f"{_percent(interval.low)} - {_percent(interval.high)}"


def _percent(share: float) -> str:
    """Return a share with one digit after the point; only 0 and 1 are shown as 0 and 100 %."""
    percent = f"{100 * share:.1f}"
    if percent == "0.0":
        return "0 %" if share == 0 else "< 0.1 %"
    if percent == "100.0":
        return "100 %" if share == 1 else "> 99.9 %"
    return f"{percent} %"
