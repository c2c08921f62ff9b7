"""The numbers of a report about what its runs cost."""

from collections.abc import Mapping

from schemas.frozen import Frozen
from schemas.report import Stage


class RunCosts(Frozen):
    """What all runs of an output cost."""

    images_per_second: float
    """The samples of all workers per second of the runs, loading included."""
    cpu_seconds: float
    """The seconds of CPUs that the processes of workers took for units."""
    gpu_seconds: float
    """The seconds in which engines computed on GPUs, times their number."""
    engine_wait: float | None
    """The share of the workers' time in which the engine waited for blocks; null if unknown."""
    watt_hours_per_million: float | None
    """The watt-hours that GPUs took for a million samples; null if no run tells it."""
    busy: Mapping[str, Stage]
    """The items and busy time of each `task NAME` and `filter NAME`; they may overlap."""
    price: float | None
    """The price of the workers' time on units; null if no price of an hour was given."""
    busy_prices: Mapping[str, float] | None
    """The price of each of these by itself; null if no price of an hour was given."""
    currency: str = ""
    """The currency of the prices."""
