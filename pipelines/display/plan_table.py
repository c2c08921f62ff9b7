"""Builds the terminal tables of a plan, and of what its first shard holds."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from pipelines.display.growth import growth_lines
from pipelines.display.row_fields import MAX_NAME
from pipelines.display.table_parts import (
    CHANGED_ADVICE,
    NOT_JUDGED,
    add_line,
    in_shards,
    some,
    two_columns,
    written_size,
)
from pipelines.display.terminal_safe import plain
from pipelines.planning.filter_order import filter_order
from pipelines.planning.first_shard import FirstShard
from pipelines.planning.plan import Plan
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.planning.service_uses import ServiceUse, service_uses
from schemas.counted import counted
from schemas.sample import Unit
from schemas.units import count_shards, sum_sizes

_MAX_FIELDS = 20  # fields of a shard that are shown, the most frequent ones
_MAX_LINE = 1000  # characters of a line with names from the data
_JUDGED: Mapping[str, str] = {  # by the keys of `filter_order`
    "bytes": "the image file",
    "fields": "carried columns",
    "texts": "texts",
    "header": "the image size",
    "frames": "pixels",
    "answers": "answers",
}


def plan_table(plan: Plan, first: FirstShard | None = None) -> Table:
    """Build a table that shows what a run of the plan would do, and what its first shard holds."""
    pending = plan.pending
    table = two_columns()
    job, resolved = plan.work.job, plan.work.resolved
    add_line(table, "job", f"{job.name} (--all shows every key, with its default)")
    add_line(table, "shards", _amount(plan.units))
    add_line(table, "to do", _amount(pending))
    if plan.moved:
        add_line(table, "moved", str(plan.moved))
    for line in growth_lines(plan.growth):
        add_line(table, "corpus", line)
    if plan.changed:
        add_line(table, "changed", f"{some(plan.changed)}: {CHANGED_ADVICE}")
    _add_earlier_output(table, plan)
    if job.model is not None and (checkpoint := resolved.checkpoint) is not None:
        add_line(table, "model", f"{checkpoint.source}, {checkpoint.resolution} pixels a side")
        if checkpoint.adapter is not None:
            add_line(table, "adapter", checkpoint.adapter.source)
        _add_notes(table, plan.work)
        add_line(table, "runs on", f"{resolved.device}, {job.model.precision}")
        if sizes := resolved.sizes:
            at_a_time = f"blocks of {sizes.block_size:,}, batches of {sizes.batch_size:,}"
            add_line(table, "at a time", f"{at_a_time}, {counted(sizes.slots, 'answer')}")
    else:
        add_line(table, "model", "none: the job only filters")
    _add_filters_and_tasks(table, plan.work)
    if not resolved.images_judged:
        add_line(table, "safety", NOT_JUDGED)
    for number, use in enumerate(service_uses(plan, first)):
        add_line(table, "" if number else "services", _service_line(use))
    if golden := plan.golden:
        required = ", ".join(f"{each.name} {each}" for each in golden.requirements)
        add_line(table, "golden set", f"{in_shards(golden.units, len(golden.shards))}: {required}")
    add_line(table, "output", f"{plan.work.layout.root}{' (new)' if plan.is_new else ''}")
    add_line(table, "fingerprint", plan.work.fingerprint)
    if first is not None:
        _add_first_shard(table, first)
    return table


def _add_filters_and_tasks(table: Table, work: ResolvedJob) -> None:
    for number, (judged, names) in enumerate(filter_order(work).items()):
        line = f"on {_JUDGED[judged]}: {', '.join(names)}"
        add_line(table, "" if number else "filters", line)
    if work.job.tasks:
        add_line(table, "tasks", ", ".join(work.job.tasks))


def _service_line(use: ServiceUse) -> str:
    """Write what a filter sends to a service, and how many requests that takes."""
    line = f"{use.filter}: {use.sends} leave this machine: they are sent to Google ({use.service})"
    if use.requests is not None:
        line += f"; about {use.requests:,} requests, without retries"
    if use.max_requests is not None:
        line += f"; at most {use.max_requests:,} for the output, by all its runs and workers"
    return line


def _add_earlier_output(table: Table, plan: Plan) -> None:
    """Add the output whose verdicts are reused, the condition, and a person's decisions."""
    job = plan.work.job
    if job.filters_from:
        add_line(table, "verdicts of", job.filters_from)
    if job.where:
        add_line(table, "rows where", plain(job.where, _MAX_LINE))
    for number, line in enumerate(plan.decisions.lines() if plan.decisions else ()):
        add_line(table, "" if number else "decisions", plain(line, _MAX_LINE))


def _add_notes(table: Table, work: ResolvedJob) -> None:
    """Add the checkpoint's terms of use, and the tasks with longer answers than its training."""
    for number, line in enumerate(work.resolved.terms):
        add_line(table, "" if number else "terms", line)
    if long := work.long_answers:
        tasks = ", ".join(f"{name} {number}" for name, number in long.items())
        add_line(table, "long", f"up to {tasks} tokens; trained on {work.resolved.longest_trained}")


def first_shard_table(first: FirstShard) -> Table:
    """Build a table that shows what the first shard holds and what the job takes of it."""
    table = two_columns()
    _add_first_shard(table, first)
    return table


def _add_first_shard(table: Table, first: FirstShard) -> None:
    problem = f"; cannot be read to its end: {first.problem}" if first.problem else ""
    shard = plain(first.shard, _MAX_LINE)
    add_line(table, "first shard", f"{shard}: {counted(first.samples, 'sample')}{problem}")
    for label, numbers in (
        ("holds", first.holds),
        ("job takes", first.takes),
        ("invalid", first.invalid),
    ):
        if first.samples and numbers:
            shown = [f"{plain(n, MAX_NAME)} {number:,}" for n, number in numbers.items()]
            add_line(table, label, some(shown, _MAX_FIELDS))
    for line in first.missing:
        table.add_row(Text("MISSING", style="red"), Text(plain(line, _MAX_LINE), style="red"))


def _amount(units: Sequence[Unit]) -> str:
    """Write the shards and bytes of units; a large shard is run in pieces, each a unit."""
    shards = count_shards(units)
    pieces = f" in {len(units):,} pieces" if len(units) > shards else ""
    return f"{shards:,}{pieces} ({written_size(sum_sizes(units))})"
