"""Adds up what the runs of an output cost: seconds of CPUs and GPUs, waiting, energy, price."""

from pipelines.operations.price import HourlyPrice
from pipelines.report.run_costs import RunCosts
from schemas.report import Stage, Summary, add_stages

_MILLION = 1_000_000


class CostTally:
    """Adds up the summaries of runs."""

    def __init__(self) -> None:
        self._samples = 0
        self._seconds = self._worker_seconds = self._cpu_seconds = self._gpu_seconds = 0.0
        self._waited = self._waiting_seconds = 0.0  # of the runs that tell how long they waited
        self._watt_hours, self._measured = 0.0, 0  # and the samples of runs that tell their energy
        self._busy: dict[str, Stage] = {}

    def add(self, summary: Summary) -> None:
        """Add a run."""
        samples = summary.counts_here.read
        self._samples += samples
        self._seconds += summary.seconds_here
        self._worker_seconds += summary.worker_seconds_here
        self._cpu_seconds += summary.cpu_seconds_here
        self._gpu_seconds += summary.gpu_seconds_here
        self._busy = add_stages(self._busy, summary.costs_here)
        if summary.engine_wait_here is not None:
            self._waited += summary.engine_wait_here * summary.worker_seconds_here
            self._waiting_seconds += summary.worker_seconds_here
        if summary.watt_hours_per_million_here is not None:
            self._watt_hours += summary.watt_hours_per_million_here * samples / _MILLION
            self._measured += samples

    def costs(self, price: HourlyPrice | None) -> RunCosts:
        """Return the sums, with the price of the workers' time if one for an hour is given."""
        return RunCosts(
            images_per_second=round(self._samples / self._seconds, 1) if self._seconds else 0.0,
            cpu_seconds=round(self._cpu_seconds, 1),
            gpu_seconds=round(self._gpu_seconds, 1),
            engine_wait=(
                round(self._waited / self._waiting_seconds, 4) if self._waiting_seconds else None
            ),
            watt_hours_per_million=(
                round(self._watt_hours * _MILLION / self._measured, 1) if self._measured else None
            ),
            busy=self._busy,
            price=price.of(self._worker_seconds) if price else None,
            busy_prices=(
                {name: price.of(each.seconds) for name, each in self._busy.items()}
                if price
                else None
            ),
            currency=price.currency if price else "",
        )
