"""Shows the state of an output while runs are at work: a table that is redrawn, else lines."""

from collections.abc import Iterable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from pipelines.display.table_parts import of_shards, time_left
from pipelines.display.tables import MAX_RUNS, status_table
from pipelines.operations.price import HourlyPrice
from pipelines.operations.status import OutputStatus
from schemas.counted import counted


def show_watched(
    states: Iterable[OutputStatus], console: Console, price: HourlyPrice | None = None
) -> OutputStatus | None:
    """Show one state after the other; return the last one."""
    last: OutputStatus | None = None
    if not console.is_terminal:
        for state in states:
            if last is None or state != last:
                console.print(watched_line(state, price), markup=False, soft_wrap=True)
            last = state
        return last
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        for last in states:
            lines = [status_table(last, _runs_that_fit(last, console))]
            parts = [Text(f"left: {_price_left(last, price)}")] if _price_left(last, price) else []
            live.update(Group(*lines, *parts), refresh=True)
    return last


def _runs_that_fit(state: OutputStatus, console: Console) -> int:
    """Return how many of the runs at work a table can show without being higher than a terminal."""
    lines = [
        len(console.render_lines(status_table(state, most_runs), pad=False)) for most_runs in (0, 1)
    ]
    room = console.height - lines[0] - 2  # below: the price, and the cursor
    return max(1, min(MAX_RUNS, room // max(1, lines[1] - lines[0])))


def watched_line(state: OutputStatus, price: HourlyPrice | None = None) -> str:
    """Write a state in a line: shards, samples by status, rate, time and price left, the funnel."""
    counts = state.counts
    statuses = [f"{number:,} {name}" for name, number in counts.by_status().items() if number]
    samples = counted(counts.read, "sample")
    parts = [
        f"{of_shards(state.committed, state.units, state.shards)}: {samples}"
        + "".join(f", {each}" for each in statuses)
    ]
    is_at_work = bool(state.at_work) and not state.complete
    if is_at_work:
        parts.append(
            f"{state.samples_per_second:,.1f} samples/s by {counted(len(state.at_work), 'run')}"
        )
    if is_at_work and state.hours_left is not None:
        parts.append(f"{time_left(state.hours_left * 3600)} left")
    if not state.complete and (left := _price_left(state, price)):
        parts.append(f"{left} left")
    if counts.filters:
        stages = [
            f"{each.name} passed {each.seen - each.dropped - each.quarantined:,} of {each.seen:,}"
            for each in counts.filters
        ]
        parts.append(f"filters: {', '.join(stages)}")
    if not is_at_work:
        parts.append(_end(state))
    return "; ".join(parts)


def _end(state: OutputStatus) -> str:
    """Say how far an output is that is complete, or at which no run is at work."""
    if state.complete:
        return "complete"
    nothing_kept = state.committed == state.units and not state.counts.kept
    return "no sample is kept" if nothing_kept else "no run is at work"


def _price_left(state: OutputStatus, price: HourlyPrice | None) -> str:
    """Write what the hours left cost, if each run at work has one worker's price."""
    if price is None or state.hours_left is None or not state.at_work:
        return ""
    amount = state.hours_left * len(state.at_work) * price.amount
    return f"{amount:,.2f} {price.currency}".strip()
