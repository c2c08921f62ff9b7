"""Arranges what the runs of an output cost as the rows of tables."""

from typing import Any

from pipelines.display.report_page.numbers import duration
from pipelines.display.row_fields import MAX_NAME
from pipelines.display.terminal_safe import plain
from pipelines.report.report import RunsReport
from pipelines.report.run_costs import RunCosts


def costs(runs: RunsReport) -> list[list[str]]:
    """Return what the runs took together; what no run tells is left out."""
    found = runs.costs
    told = {
        "images a second, loading included": f"{found.images_per_second:,.1f}",
        "time of workers on shards": duration(runs.worker_seconds),
        "time of CPUs": duration(found.cpu_seconds) if found.cpu_seconds else "",
        "time of GPUs": duration(found.gpu_seconds) if found.gpu_seconds else "",
        "share of the workers' time in which the engine waited": (
            f"{found.engine_wait:.1%}" if found.engine_wait is not None else ""
        ),
        "watt-hours for a million images": (
            f"{found.watt_hours_per_million:,.0f}"
            if found.watt_hours_per_million is not None
            else ""
        ),
        "price of the workers' time": _priced(found, found.price),
    }
    return [[name, value] for name, value in told.items() if value]


def busy(runs: RunsReport) -> list[dict[str, Any]]:
    """Return the busy time of each task and filter, and its price by itself if one was given."""
    found = runs.costs
    longest = max((each.seconds for each in found.busy.values()), default=0.0) or 1.0
    prices = found.busy_prices or {}
    return [
        {
            "name": plain(name, 2 * MAX_NAME),
            "number": each.items,
            "time": duration(each.seconds),
            "price": _priced(found, prices.get(name)),
            "share": each.seconds / longest,
        }
        for name, each in found.busy.items()
    ]


def _priced(found: RunCosts, price: float | None) -> str:
    if price is None:
        return ""
    return (
        f"{price:,.2f} {found.currency}".strip()
        if price >= 1
        else f"{price:.2g} {found.currency}".strip()
    )
