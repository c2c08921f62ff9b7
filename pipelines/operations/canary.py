"""A few units first: how fast they went, how much was dropped, and what the rest will take."""

import random
from collections.abc import Mapping, Sequence

from pipelines.planning.plan import Plan
from schemas.frozen import Frozen
from schemas.report import Counts, UnitReport
from schemas.sample import Unit


class Canary(Frozen):
    """What some units tell of the others; speeds are of one worker, its loading aside."""

    units: tuple[str, ...]
    samples: int
    samples_per_second: float
    shares: Mapping[str, float]  # status -> share of the samples
    reasons: Mapping[str, float]  # filter/reason -> share of the samples
    rest_units: int
    rest_hours: float  # by bytes, on one worker like this


def chosen(plan: Plan, number: int) -> tuple[Unit, ...]:
    """So many of the units that are left, always the same ones of one job."""
    pending = plan.pending
    numbers = random.Random(plan.work.fingerprint).sample(
        range(len(pending)), min(number, len(pending))
    )
    return tuple(pending[position] for position in sorted(numbers))


def canary(plan: Plan, reports: Sequence[UnitReport]) -> Canary | None:
    """None where nothing was committed."""
    done = [report for report in reports if report.status == "committed"]
    counts = sum((report.counts for report in done), Counts())
    seconds = sum(report.seconds for report in done)
    names = {report.unit for report in done}
    here = sum(unit.size for unit in plan.pending if unit.name in names)
    if not counts.read or not here or not seconds:
        return None
    tried = {report.unit for report in reports}
    rest = [unit.size for unit in plan.pending if unit.name not in tried]
    statuses = {"kept": counts.kept, "dropped": counts.dropped}
    statuses |= {"quarantined": counts.quarantined, "invalid": counts.invalid}
    return Canary(
        units=tuple(sorted(names)),
        samples=counts.read,
        samples_per_second=round(counts.read / seconds, 1),
        shares={name: round(number / counts.read, 4) for name, number in statuses.items()},
        reasons={n: round(k / counts.read, 4) for n, k in counts.reasons.items()},
        rest_units=len(rest),
        rest_hours=round(sum(rest) / here * seconds / 3600, 3),
    )
