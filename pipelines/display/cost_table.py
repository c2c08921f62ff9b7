"""Builds the terminal table of what the rest of a job costs."""

import math

from rich.table import Table

from pipelines.display.table_parts import add_line, two_columns
from pipelines.operations.price import Cost, Estimate
from schemas.counted import counted

NOT_MEASURED = "No price: nothing was measured yet: `shardmill run JOB --canary 3` measures it"
NOTHING_LEFT = "No price: nothing is left to do"
_SMALL, _MOST_DECIMALS = 0.1, 6


def cost_table(cost: Cost) -> Table:
    """Build a table of hours and prices with their intervals."""
    table = two_columns()
    add_line(
        table,
        "hours",
        f"{_written(cost.hours)} of a worker, from {counted(cost.measured, 'shard')}",
    )
    if cost.price is not None:
        add_line(table, "price", _priced(cost.price, cost.currency))
    for name, hours in cost.busy_hours.items():
        line = f"busy {_written(hours)} hours"
        if cost.busy_prices is not None:
            line += f", {_priced(cost.busy_prices[name], cost.currency)} by itself"
        add_line(table, name, line)
    return table


def amount(value: float) -> str:
    """Write hours or a price with two decimals; below 0.1 with two digits, at most six decimals.

    So the estimate of a small job is not shown as 0.00.
    """
    if not 0 < value < _SMALL:
        return f"{value:,.2f}"
    return f"{value:.{min(_MOST_DECIMALS, 1 - math.floor(math.log10(value)))}f}"


def _priced(price: Estimate, currency: str) -> str:
    return f"{_written(price)} {currency}".strip()


def _written(estimate: Estimate) -> str:
    value = amount(estimate.value)
    if estimate.low is None or estimate.high is None:
        return f"{value} (interval unknown: one shard)"
    return f"{value} ({amount(estimate.low)} to {amount(estimate.high)})"
