"""`shardmill run --canary`: runs a few units and projects their speed onto the other units."""

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

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


def choose_canary_units(plan: "Plan", number: int) -> Units:
    """Pick `number` of the pending units at random; the same plan gives the same units."""
    pending = plan.pending
    positions = random.Random(plan.work.fingerprint).sample(
        range(len(pending)), min(number, len(pending))
    )
    return pending.take(sorted(positions))


def project_canary(plan: "Plan", reports: Sequence[UnitReport]) -> Canary | None:
    """Estimate the time of the pending units that a canary did not try.

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
    return Canary(
        units=tuple(sorted(names)),
        samples=counts.read,
        samples_per_second=speed,
        shares={name: round(n / counts.read, 4) for name, n in counts.by_status().items()},
        reasons={name: round(n / counts.read, 4) for name, n in counts.reasons.items()},
        rest_units=len(rest),
        rest_shards=count_shards(rest),
        rest_hours=round(sum_sizes(rest) / bytes_done * seconds / 3600, 3),
    )
