"""What the rest of a job costs, from the measured costs of a few of its units.

The units are a random sample. Seconds grow with the bytes of a shard, so the seconds of the rest
are estimated by the ratio of the sample (Cochran, Sampling Techniques, chapter 6): seconds per byte
times the bytes of the rest. The interval is Student's, with one degree of freedom less than units,
on the logarithm of the estimate, and includes the chance in the rest itself.
"""

import re
from collections.abc import Mapping, Sequence
from math import exp, sqrt
from typing import Self

from pipelines.drift.student_t import quantile
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.report import Stage

_LEVEL = 0.95
_PRICE = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([A-Za-z]{3}|[$€£¥])?\s*/\s*h(?:our)?\s*")


class Estimate(Frozen):
    """An estimate with its interval of 95 %."""

    value: float
    """The estimate."""
    low: float | None
    """The lower end of the interval; null if fewer than two units were measured."""
    high: float | None
    """The upper end of the interval; null likewise."""

    def times(self, factor: float) -> "Estimate":
        """Return the estimate in another unit of measure."""
        ends = (None if end is None else end * factor for end in (self.low, self.high))
        return Estimate(value=self.value * factor, low=next(ends), high=next(ends))


class HourlyPrice(Frozen):
    """The price of a worker for an hour."""

    amount: float
    """The amount."""
    currency: str
    """The currency as it was given; may be empty."""

    def of(self, seconds: float) -> float:
        """Return the price of so many seconds of a worker."""
        return round(self.amount * seconds / 3600, 6)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a price such as `2.50/h` or `2.50 USD/h`; raise JobError if it is none."""
        found = _PRICE.fullmatch(text)
        if found is None:
            raise JobError(
                f"--price: {text!r} is no price of an hour: write it as 2.50/h or 2.50USD/h"
            )
        return cls(amount=float(found[1]), currency=found[2] or "")


class UnitCost(Frozen):
    """What a measured unit cost."""

    size: int
    """The bytes of the unit's shard, or of its piece."""
    samples: int
    """The samples of the unit."""
    seconds: float
    """The seconds of a worker."""
    costs: Mapping[str, Stage] = {}
    """The busy seconds of each `task NAME` and `filter NAME`."""


class MeasuredUnits(Frozen):
    """The measured units of a canary, as they are stored."""

    fingerprint: str
    """The fingerprint of the job."""
    units: tuple[UnitCost, ...]
    """The units."""


class Cost(Frozen):
    """The hours, and the price if one was given, of the rest of a job."""

    hours: Estimate
    """The hours of a worker, without the time to load the models."""
    price: Estimate | None
    """The price of these hours; null if no price of an hour was given."""
    busy_hours: Mapping[str, Estimate]
    """The hours in which each `task NAME` and `filter NAME` is busy; they may overlap."""
    busy_prices: Mapping[str, Estimate] | None
    """The price of each of these by itself; null if no price of an hour was given."""
    currency: str = ""
    """The currency of the prices."""
    measured: int
    """The measured units."""


def estimate_cost(
    units: Sequence[UnitCost], rest_sizes: Sequence[int], price: HourlyPrice | None = None
) -> Cost | None:
    """Estimate the cost of the rest, whose units have these bytes.

    Returns None if no unit with bytes was measured.
    """
    measured = [each for each in units if each.size > 0]
    if not measured or not sum(each.seconds for each in measured):
        return None
    sizes = [each.size for each in measured]

    def hours_of(seconds: Sequence[float]) -> Estimate:
        return estimate_total(sizes, seconds, rest_sizes).times(1 / 3600)

    hours = hours_of([each.seconds for each in measured])
    names = dict.fromkeys(name for each in measured for name in each.costs)
    none = Stage()
    busy = {
        name: hours_of([each.costs.get(name, none).seconds for each in measured]) for name in names
    }
    return Cost(
        hours=hours,
        price=hours.times(price.amount) if price else None,
        busy_hours=busy,
        busy_prices={n: each.times(price.amount) for n, each in busy.items()} if price else None,
        currency=price.currency if price else "",
        measured=len(measured),
    )


def estimate_total(
    sizes: Sequence[int], values: Sequence[float], rest_sizes: Sequence[int]
) -> Estimate:
    """Estimate the sum of values over the rest, from those of a random sample."""
    number, rest = len(sizes), sum(rest_sizes)
    ratio = sum(values) / sum(sizes)
    total = ratio * rest
    if number < 2:
        return Estimate(value=total, low=None, high=None)
    if not total:
        return Estimate(value=0.0, low=0.0, high=0.0)
    residuals = (value - ratio * size for value, size in zip(values, sizes, strict=True))
    variance = sum(each * each for each in residuals) / (number - 1)
    scale = rest / sum(sizes)
    error = sqrt(variance * (scale * scale * number + len(rest_sizes)))
    factor = exp(quantile(_LEVEL, number - 1) * error / total)
    return Estimate(value=total, low=total / factor, high=total * factor)
