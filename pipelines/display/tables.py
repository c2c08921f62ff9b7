"""Builds terminal tables of the states of outputs, summaries and measurements."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from pipelines.display.cost_table import amount
from pipelines.display.growth import missing_line, waiting_line
from pipelines.display.row_fields import MAX_NAME
from pipelines.display.table_parts import (
    CHANGED_ADVICE,
    NOT_JUDGED,
    add_line,
    in_shards,
    of_shards,
    some,
    time_left,
    two_columns,
    written_size,
)
from pipelines.display.terminal_safe import plain
from pipelines.operations.canary import Canary
from pipelines.operations.running.drift import said
from pipelines.operations.status import OutputStatus, RunAtWork
from pipelines.output.layout import Layout
from schemas.counted import counted
from schemas.report import Counts, Summary
from schemas.sample_status import SAMPLE_STATUSES

if TYPE_CHECKING:
    from inference.benchmarking.benchmark import Rate

_MIN_SECONDS = 0.05  # shorter stages are not shown
MAX_RUNS = 10  # at work that are shown
_MAX_REASONS = 20  # reasons that are shown, the most frequent ones


def rates_table(rates: Sequence["Rate"], corpus: int, devices: int) -> Table:
    """Build a table of the speed for each block size, and the hours for `corpus` images."""
    names = ("block", "images/s", "tokens/s", "memory", "of the roofline")
    table = Table(*names, f"hours for {corpus:,} images on {devices}")
    for rate in rates:
        table.add_row(
            str(rate.block_size),
            f"{rate.images_per_second:.1f}",
            f"{rate.tokens_per_second:.0f}",
            written_size(rate.memory),
            f"{rate.roofline_share:.0%}",
            f"{rate.hours(corpus, devices):.2f}",
        )
    return table


def status_table(status: OutputStatus, most_runs: int = MAX_RUNS) -> Table:
    """Build a table of the state of an output; of the runs at work, show the first `most_runs`."""
    table = two_columns()
    add_line(table, "job", status.job)
    nothing_kept = status.committed == status.units and not status.counts.kept
    incomplete = "no sample is kept" if nothing_kept else "not complete"
    add_line(table, "state", "complete" if status.complete else incomplete)
    add_line(table, "committed", of_shards(status.committed, status.units, status.shards))
    for label, number in (
        ("in parts", status.in_parts),
        ("failed", status.failed),
        ("begun" if status.at_work else "interrupted", status.interrupted),
    ):
        if number:
            add_line(table, label, counted(number, "shard"))
    for report in status.failures:
        add_line(table, "", f"{report.unit}: {report.trouble}")
    for run in status.at_work[:most_runs]:
        add_line(table, "ending" if status.complete else "at work", _work_of(run, status.complete))
    if (more := len(status.at_work) - most_runs) > 0:
        add_line(table, "", f"and {counted(more, 'more run')}: --json lists all")
    if status.hours_left is not None and not status.complete:
        speed = f"{status.samples_per_second:,.1f} samples a second"
        by = f"{speed} by {counted(len(status.at_work), 'run')}"
        add_line(table, "left", f"{time_left(status.hours_left * 3600)}, {by}")
    if status.waiting:
        add_line(table, "new", waiting_line(status.waiting))
    if status.missing:
        add_line(table, "gone", missing_line(status.missing))
    _add_strangers(table, status.strangers)
    if status.counts.read:
        table.add_row(Text("samples"), counts_table(status.counts))
        _add_filters(table, status.counts)
    for change in status.changes:
        table.add_row(Text("drift", style="yellow"), Text(said(change), style="yellow"))
    if status.last_run:
        ended = datetime.fromisoformat(status.last_run.ended).astimezone(UTC)
        add_line(table, "last run", f"{status.last_run.outcome}, ended {ended:%Y-%m-%d %H:%M} UTC")
    return table


def _work_of(run: RunAtWork, is_complete: bool) -> str:
    """Write where a run is at work, since when, its speed, and its shards."""
    line = f"{run.run} on {run.host}, since {run.since:%Y-%m-%d %H:%M} UTC"
    if is_complete:
        return f"{line}: it has nothing left to do"
    speed = f"{run.samples_per_second:,.1f} samples a second"
    if not run.samples_per_second:  # until the second sign of life of the run
        speed = "its speed is not known yet"
    return f"{line}: {speed}" + (f"; works on {some(run.units)}" if run.units else "")


def summary_table(summary: Summary, layout: Layout | None = None) -> Table:
    """Build a table of what a run did, and of the totals of its output."""
    table = two_columns()
    add_line(table, "outcome", summary.outcome)
    units, shards = summary.units_total, summary.shards_total
    add_line(table, "committed", of_shards(summary.units_committed, units, shards))
    if summary.failed:
        add_line(table, "failed", some(summary.failed))
    _add_strangers(table, summary.strangers)
    if summary.changed:
        add_line(table, "changed", f"{some(summary.changed)}: {CHANGED_ADVICE}")
    if summary.salvaged_here:
        add_line(table, "salvaged", f"{some(summary.salvaged_here)}: up to where they are damaged")
    if summary.counts_here.read:
        here = f"{counted(summary.counts_here.read, 'sample')} in {summary.seconds_here:,.1f} s"
        speed = summary.samples_per_second_here
        add_line(table, "this run", here)
        add_line(table, "speed", f"{speed:,.1f} samples a second and worker, once loaded")
        _add_resources(table, summary)
    if summary.stages_here:
        seconds = {name: stage.seconds for name, stage in summary.stages_here.items()}
        shown = [f"{name} {busy:,.1f} s" for name, busy in seconds.items() if busy >= _MIN_SECONDS]
        if shown:
            add_line(table, "busy", ", ".join(shown))
    if summary.counts:
        table.add_row(Text("samples"), counts_table(summary.counts))
        _add_filters(table, summary.counts)
    if not summary.images_judged:
        add_line(table, "safety", NOT_JUDGED)
    if layout is not None:
        add_line(table, "output", layout.root)
    return table


def _add_resources(table: Table, summary: Summary) -> None:
    """Add the seconds of CPUs and GPUs, how long the engine waited, and the energy."""
    parts = [f"{summary.images_per_second_here:,.1f} samples/s"]
    parts.append(f"{summary.cpu_seconds_here:,.1f} s of CPUs")
    if summary.gpu_seconds_here:
        parts.append(f"{summary.gpu_seconds_here:,.1f} s of GPUs")
    if summary.engine_wait_here is not None:
        parts.append(f"the engine waited {summary.engine_wait_here:.0%} of the time")
    if summary.watt_hours_per_million_here is not None:
        parts.append(f"{summary.watt_hours_per_million_here:,.0f} Wh per million images")
    add_line(table, "resources", ", ".join(parts))


def canary_table(canary: Canary) -> Table:
    """Build a table of the results of a canary, and of the projected time for the other units."""
    table = two_columns()
    add_line(table, "canary", f"{', '.join(canary.units)}: {counted(canary.samples, 'sample')}")
    add_line(table, "speed", f"{canary.samples_per_second:.1f} samples a second and worker")
    shares = [f"{share:.1%} {name}" for name, share in canary.shares.items() if share]
    add_line(table, "of these", ", ".join(shares))
    for reason, share in sorted(canary.reasons.items(), key=lambda item: -item[1])[:_MAX_REASONS]:
        add_line(table, "", f"{share:.1%} {reason}")
    rest = in_shards(canary.rest_units, canary.rest_shards)
    add_line(table, "the rest", f"{rest}: {amount(canary.rest_hours)} hours of a worker")
    return table


def counts_table(counts: Counts) -> Table:
    """Build a table of samples by status, then of the `_MAX_REASONS` most frequent reasons.

    Redactions and withheld answers follow.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for name in ("read", *SAMPLE_STATUSES):
        table.add_row(f"{getattr(counts, name):,}", name)
    by_frequency = sorted(counts.reasons.items(), key=lambda item: (-item[1], item[0]))
    for reason, number in by_frequency[:_MAX_REASONS]:
        table.add_row(f"{number:,}", Text(f"  {reason}", style="dim"))
    for column in counts.null_columns():
        table.add_row("0", Text(f"{plain(column, MAX_NAME)} (carried): null in every kept row"))
    for infotype, number in counts.redactions.items():
        table.add_row(f"{number:,}", Text(f"{infotype} redacted"))
    if counts.truncated:
        table.add_row(f"{counts.truncated:,}", Text("kept images truncated"))
    if counts.left_out:
        table.add_row(f"{counts.left_out:,}", Text("members added by macOS left out"))
    for reason, number in counts.answers.items():
        table.add_row(f"{number:,}", Text(f"answers withheld: {reason}"))
    return table


def _add_filters(table: Table, counts: Counts) -> None:
    """Add a table of the samples that each filter saw and rejected, in the order of their runs."""
    if not counts.filters:
        return
    numbers = ["seen", "dropped", "quarantined", "redacted"]
    invalid = ["invalid"] if any(each.invalid_after for each in counts.filters) else []
    inner = Table.grid(padding=(0, 2))
    for _ in numbers + invalid:
        inner.add_column(justify="right")
    inner.add_column()
    inner.add_row(*numbers, *invalid, "by", style="dim")
    for each in counts.filters:
        cells = [f"{getattr(each, name):,}" for name in numbers]
        inner.add_row(*cells, *("" for _ in invalid), Text(each.name))
        if each.invalid_after:
            unreadable = Text("unreadable images", style="dim")
            inner.add_row("", "", "", "", f"{each.invalid_after:,}", unreadable)
    table.add_row(Text("filters"), inner)


def _add_strangers(table: Table, strangers: Sequence[str]) -> None:
    if strangers:
        advice = "not written by this job: move or delete them, then run the job again"
        add_line(table, "strangers", f"{some(strangers)}: {advice}")
