"""`shardmill run --canary`: runs a few units and projects their speed onto the other units."""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from pipelines.operations.price import (
    Cost,
    HourlyPrice,
    MeasuredUnits,
    UnitCost,
    estimate_cost,
)
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen
from schemas.report import Counts, UnitReport, worker_speed
from schemas.units import Units, count_shards, sum_sizes

if TYPE_CHECKING:
    from pipelines.planning.plan import Plan


class Canary(Frozen):
    """The results of a few units, and the projected time for the other units.

    The speed and the hours are those of one worker, without the time to load the models.
    """

    units: tuple[str, ...]
    """The names of the committed units."""
    samples: int
    """The samples of these units."""
    samples_per_second: float
    """The speed of one worker, as `worker_speed` defines it."""
    shares: Mapping[str, float]
    """The share of the samples that have each status."""
    reasons: Mapping[str, float]
    """The share of the samples that have each `filter/reason`."""
    rest_units: int
    """The units that are still pending."""
    rest_shards: int
    """The shards of these units."""
    rest_hours: float
    """The hours that one such worker needs for the rest, projected by bytes."""
    cost: Cost
    """The hours and the price of the rest, with intervals, also of each task and filter."""


def choose_canary_units(plan: "Plan", number: int) -> Units:
    """Pick `number` of the pending units at random; the same plan gives the same units."""
    pending = plan.pending
    positions = random.Random(plan.work.fingerprint).sample(
        range(len(pending)), min(number, len(pending))
    )
    return pending.take(sorted(positions))


def measured_units(plan: "Plan", reports: Sequence[UnitReport]) -> MeasuredUnits:
    """Return what the committed units of a canary cost."""
    costs = []
    for report in reports:
        unit = plan.units.find(report.unit)
        if report.status == "committed" and unit is not None:
            cost = UnitCost(
                size=unit.size,
                samples=report.counts.read,
                seconds=report.seconds,
                costs=report.costs,
            )
            costs.append(cost)
    return MeasuredUnits(fingerprint=plan.work.fingerprint, units=tuple(costs))


def write_measured_units(plan: "Plan", reports: Sequence[UnitReport], storage: Storage) -> None:
    """Store what the units of a canary cost, for `plan --price`; keep what is there if none did."""
    measured = measured_units(plan, reports)
    if measured.units:
        content = measured.model_dump_json(indent=1).encode()
        storage.write_bytes(plan.work.layout.canary, content)


def estimate_pending(
    plan: "Plan", storage: Storage, price: HourlyPrice | None = None
) -> Cost | None:
    """Estimate what the pending units of a plan cost, from the last canary of its output.

    Returns None if the job has had no canary.
    """
    try:
        content = storage.read_bytes(plan.work.layout.canary)
        measured = MeasuredUnits.model_validate_json(content)
    except (FileNotFoundError, ValidationError):
        return None
    if measured.fingerprint != plan.work.fingerprint:  # of a job that was here before
        return None
    return estimate_cost(measured.units, plan.pending.sizes().tolist(), price)


def project_canary(
    plan: "Plan", reports: Sequence[UnitReport], price: HourlyPrice | None = None
) -> Canary | None:
    """Estimate the time, and with `price` the price, of the pending units that a canary left.

    Returns None if the canary committed no samples.
    """
    committed = [report for report in reports if report.status == "committed"]
    counts = sum((report.counts for report in committed), Counts())
    seconds = sum(report.seconds for report in committed)
    samples = sum(report.counts.read for report in reports)
    speed = worker_speed(samples, sum(report.seconds for report in reports))
    names = {report.unit for report in committed}
    bytes_done = sum_sizes(unit for unit in plan.pending if unit.name in names)
    if not counts.read or not bytes_done or not seconds:
        return None
    tried = {report.unit for report in reports}
    is_left = (name not in tried for name in plan.pending.column("name"))
    rest = plan.pending.take(np.fromiter(is_left, np.bool_))
    cost = estimate_cost(measured_units(plan, reports).units, rest.sizes().tolist(), price)
    if cost is None:
        return None
    return Canary(
        units=tuple(sorted(names)),
        samples=counts.read,
        samples_per_second=speed,
        shares={name: round(n / counts.read, 4) for name, n in counts.by_status().items()},
        reasons={name: round(n / counts.read, 4) for name, n in counts.reasons.items()},
        rest_units=len(rest),
        rest_shards=count_shards(rest),
        rest_hours=round(cost.hours.value, 3),
        cost=cost,
    )
