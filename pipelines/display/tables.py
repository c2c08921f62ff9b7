"""Builds terminal tables of plans, states of outputs, summaries and measurements."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from pipelines.display.counted import counted
from pipelines.display.growth import growth_lines, missing_line, waiting_line
from pipelines.display.row_fields import MAX_NAME
from pipelines.display.terminal_safe import plain
from pipelines.operations.canary import Canary
from pipelines.operations.status import OutputStatus
from pipelines.output.layout import Layout
from pipelines.planning.filter_order import filter_order
from pipelines.planning.first_shard import FirstShard
from pipelines.planning.plan import Plan
from schemas.report import Counts, Summary
from schemas.sample import Unit
from schemas.sample_status import SAMPLE_STATUSES
from schemas.units import count_shards, sum_sizes

if TYPE_CHECKING:
    from inference.benchmarking.benchmark import Rate

_MIN_SECONDS = 0.05  # shorter stages are not shown
_MAX_REASONS = 20  # reasons that are shown, the most frequent ones
_MAX_FIELDS = 20  # fields of a shard that are shown, the most frequent ones
_MAX_LINE = 1000  # characters of a line with names from the data
CHANGED_ADVICE = "changed since committed: `shardmill retry OUTPUT --changed` makes the rows again"
_JUDGED: Mapping[str, str] = {  # by the keys of `filter_order`
    "bytes": "the image file",
    "fields": "carried columns",
    "texts": "texts",
    "header": "the image size",
    "frames": "pixels",
    "answers": "answers",
}
_NOT_JUDGED = "images were not judged: no filter classifies images by a model"


def in_shards(units: int, shards: int) -> str:
    """Write a number of shards, and in how many pieces they are run if large ones are split."""
    pieces = "" if units == shards else f" in {counted(units, 'piece')}"
    return f"{counted(shards, 'shard')}{pieces}"


def of_shards(number: int, units: int, shards: int) -> str:
    """Write how many shards are meant; of how many pieces, if large shards are run in pieces."""
    pieces = "" if units == shards else f"{counted(units, 'piece')} of "
    return f"{number} of {pieces}{counted(shards, 'shard')}"


def plan_table(plan: Plan, first: FirstShard | None = None) -> Table:
    """Build a table that shows what a run of the plan would do, and what its first shard holds."""
    pending = plan.pending
    table = _two_columns()
    _add(table, "shards", _amount(plan.units))
    _add(table, "to do", _amount(pending))
    if plan.moved:
        _add(table, "moved", str(plan.moved))
    for line in growth_lines(plan.growth):
        _add(table, "corpus", line)
    if plan.changed:
        _add(table, "changed", f"{_some(plan.changed)}: {CHANGED_ADVICE}")
    job, resolved = plan.work.job, plan.work.resolved
    if job.filters_from:
        _add(table, "verdicts of", job.filters_from)
    if job.model is not None and (checkpoint := resolved.checkpoint) is not None:
        _add(table, "model", f"{checkpoint.source}, {checkpoint.resolution} pixels a side")
        if checkpoint.adapter is not None:
            _add(table, "adapter", checkpoint.adapter.source)
        _add(table, "runs on", f"{resolved.device}, {job.model.precision}")
        if sizes := resolved.sizes:
            at_a_time = f"blocks of {sizes.block_size}, batches of {sizes.batch_size}"
            _add(table, "at a time", f"{at_a_time}, {sizes.slots} answers")
    else:
        _add(table, "model", "none: the job only filters")
    for number, (judged, names) in enumerate(filter_order(plan.work).items()):
        line = f"on {_JUDGED[judged]}: {', '.join(names)}"
        _add(table, "" if number else "filters", line)
    if not resolved.images_judged:
        _add(table, "safety", _NOT_JUDGED)
    _add(table, "output", f"{plan.work.layout.root}{' (new)' if plan.is_new else ''}")
    _add(table, "fingerprint", plan.work.fingerprint)
    if first is not None:
        _add_first_shard(table, first)
    return table


def first_shard_table(first: FirstShard) -> Table:
    """Build a table that shows what the first shard holds and what the job takes of it."""
    table = _two_columns()
    _add_first_shard(table, first)
    return table


def _add_first_shard(table: Table, first: FirstShard) -> None:
    problem = f"; cannot be read to its end: {first.problem}" if first.problem else ""
    _add(table, "first shard", f"{plain(first.shard, _MAX_LINE)}: {first.samples} samples{problem}")
    for label, numbers in (
        ("holds", first.holds),
        ("job takes", first.takes),
        ("invalid", first.invalid),
    ):
        if first.samples and numbers:
            shown = [f"{plain(n, MAX_NAME)} {number}" for n, number in numbers.items()]
            _add(table, label, _some(shown, _MAX_FIELDS))
    for line in first.missing:
        table.add_row(Text("MISSING", style="red"), Text(plain(line, _MAX_LINE), style="red"))


def rates_table(rates: Sequence["Rate"], corpus: int, devices: int) -> Table:
    """Build a table of the speed for each block size, and the hours for `corpus` images."""
    names = ("block", "images/s", "tokens/s", "memory", "of the roofline")
    table = Table(*names, f"hours for {corpus:,} images on {devices}")
    for rate in rates:
        table.add_row(
            str(rate.block_size),
            f"{rate.images_per_second:.1f}",
            f"{rate.tokens_per_second:.0f}",
            _size(rate.memory),
            f"{rate.roofline_share:.0%}",
            f"{rate.hours(corpus, devices):.2f}",
        )
    return table


def status_table(status: OutputStatus) -> Table:
    """Build a table of the state of an output."""
    table = _two_columns()
    _add(table, "job", status.job)
    nothing_kept = status.committed == status.units and not status.counts.kept
    incomplete = "no sample is kept" if nothing_kept else "not complete"
    _add(table, "state", "complete" if status.complete else incomplete)
    _add(table, "committed", of_shards(status.committed, status.units, status.shards))
    for label, number in (
        ("in parts", status.in_parts),
        ("failed", status.failed),
        ("interrupted", status.interrupted),
    ):
        if number:
            _add(table, label, str(number))
    for report in status.failures:
        _add(table, "", f"{report.unit}: {report.trouble}")
    for run in status.at_work:
        work = f" on {_some(run.units)}" if run.units else ""
        since = f"{run.host}, since {run.since:%Y-%m-%d %H:%M} UTC"
        _add(table, "at work", f"{since}{work}, {run.samples_per_second:.1f} samples a second")
    if status.hours_left is not None:
        speed = f"{status.samples_per_second:.1f} samples a second together"
        _add(table, "left", f"{status.hours_left:.1f} hours, {speed}")
    if status.waiting:
        _add(table, "new", waiting_line(status.waiting))
    if status.missing:
        _add(table, "gone", missing_line(status.missing))
    _add_strangers(table, status.strangers)
    if status.counts.read:
        table.add_row(Text("samples"), counts_table(status.counts))
        _add_filters(table, status.counts)
    if status.last_run:
        _add(table, "last run", f"{status.last_run.outcome}, ended {status.last_run.ended}")
    return table


def summary_table(summary: Summary, layout: Layout | None = None) -> Table:
    """Build a table of what a run did, and of the totals of its output."""
    table = _two_columns()
    _add(table, "outcome", summary.outcome)
    units, shards = summary.units_total, summary.shards_total
    _add(table, "committed", of_shards(summary.units_committed, units, shards))
    if summary.failed:
        _add(table, "failed", _some(summary.failed))
    _add_strangers(table, summary.strangers)
    if summary.changed:
        _add(table, "changed", f"{_some(summary.changed)}: {CHANGED_ADVICE}")
    if summary.salvaged_here:
        _add(table, "salvaged", f"{_some(summary.salvaged_here)}: up to where they are damaged")
    if summary.counts_here.read:
        here = f"{summary.counts_here.read} samples in {summary.seconds_here:.1f} s"
        speed = summary.samples_per_second_here
        _add(table, "this run", here)
        _add(table, "speed", f"{speed:.1f} samples a second and worker, once loaded")
    if summary.stages_here:
        seconds = {name: stage.seconds for name, stage in summary.stages_here.items()}
        shown = [f"{name} {busy:.1f} s" for name, busy in seconds.items() if busy >= _MIN_SECONDS]
        if shown:
            _add(table, "busy", ", ".join(shown))
    if summary.counts:
        table.add_row(Text("samples"), counts_table(summary.counts))
        _add_filters(table, summary.counts)
    if not summary.images_judged:
        _add(table, "safety", _NOT_JUDGED)
    if layout is not None:
        _add(table, "output", layout.root)
    return table


def canary_table(canary: Canary) -> Table:
    """Build a table of the results of a canary, and of the projected time for the other units."""
    table = _two_columns()
    _add(table, "canary", f"{', '.join(canary.units)}: {canary.samples} samples")
    _add(table, "speed", f"{canary.samples_per_second:.1f} samples a second and worker")
    shares = [f"{share:.1%} {name}" for name, share in canary.shares.items() if share]
    _add(table, "of these", ", ".join(shares))
    for reason, share in sorted(canary.reasons.items(), key=lambda item: -item[1])[:_MAX_REASONS]:
        _add(table, "", f"{share:.1%} {reason}")
    rest = in_shards(canary.rest_units, canary.rest_shards)
    _add(table, "the rest", f"{rest}: {canary.rest_hours:.2f} hours of a worker")
    return table


def counts_table(counts: Counts) -> Table:
    """Build a table of samples by status, then of the `_MAX_REASONS` most frequent reasons.

    Redactions and withheld answers follow.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    for name in ("read", *SAMPLE_STATUSES):
        table.add_row(str(getattr(counts, name)), name)
    by_frequency = sorted(counts.reasons.items(), key=lambda item: (-item[1], item[0]))
    for reason, number in by_frequency[:_MAX_REASONS]:
        table.add_row(str(number), Text(f"  {reason}", style="dim"))
    for column in counts.null_columns():
        table.add_row("0", Text(f"{plain(column, MAX_NAME)} (carried): null in every kept row"))
    for infotype, number in counts.redactions.items():
        table.add_row(str(number), Text(f"{infotype} redacted"))
    if counts.truncated:
        table.add_row(str(counts.truncated), Text("kept images truncated"))
    if counts.left_out:
        table.add_row(str(counts.left_out), Text("members added by macOS left out"))
    for reason, number in counts.answers.items():
        table.add_row(str(number), Text(f"answers withheld: {reason}"))
    return table


def _add_filters(table: Table, counts: Counts) -> None:
    """Add a table of the samples that each filter saw and rejected, in the order of their runs."""
    if not counts.filters:
        return
    numbers = ("seen", "dropped", "quarantined", "redacted")
    inner = Table.grid(padding=(0, 2))
    for _ in numbers:
        inner.add_column(justify="right")
    inner.add_column()
    inner.add_row(*numbers, "by", style="dim")
    for each in counts.filters:
        inner.add_row(*(str(getattr(each, name)) for name in numbers), Text(each.name))
        if each.invalid_after:
            inner.add_row("", str(each.invalid_after), "", "", Text("invalid images", style="dim"))
    table.add_row(Text("filters"), inner)


def _add_strangers(table: Table, strangers: Sequence[str]) -> None:
    if strangers:
        advice = "not written by this job: move or delete them, then run the job again"
        _add(table, "strangers", f"{_some(strangers)}: {advice}")


def _some(names: Sequence[str], most: int = 5) -> str:
    """Write the first names, and the number of the others."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _two_columns() -> Table:
    """Make an empty table of labels and values."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _add(table: Table, label: str, value: str) -> None:
    table.add_row(Text(label), Text(value))


def _amount(units: Sequence[Unit]) -> str:
    """Write the shards and bytes of units; a large shard is run in pieces, each a unit."""
    shards = count_shards(units)
    pieces = f" in {len(units)} pieces" if len(units) > shards else ""
    return f"{shards}{pieces} ({_size(sum_sizes(units))})"


def _size(size: int) -> str:
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
