"""Adds up the unit reports of one run, and stops the run if too many samples or units are bad."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from pipelines.operations.running.advice import main_reason
from pipelines.output.fingerprint import fingerprint_of
from pipelines.planning.grown_input import NOT_GROWN, Growth
from pipelines.storage.object_counts import take_counts
from schemas.errors import TooManyErrors
from schemas.report import (
    Counts,
    Histograms,
    Outcome,
    Stage,
    Summary,
    UnitReport,
    add_histograms,
    add_stages,
    worker_speed,
)
from schemas.sample import Unit
from schemas.storage_counts import StorageCounts, add_storage
from schemas.units import count_shards

_MIN_SAMPLES = 1000  # with fewer samples, the share of invalid ones says little
_MIN_UNITS = 10  # likewise for the share of failed units


def new_run_id(started: datetime | None = None) -> str:
    """Return an id for a run, which begins with the time of its start."""
    return f"{started or datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


class RunTally:
    """The sums over the reports of one run, from which the run's summary is made."""

    def __init__(
        self,
        record: Mapping[str, Any],
        changed: Sequence[str] = (),
        growth: Growth = NOT_GROWN,
    ) -> None:
        """Begin a run of the job whose job.record is `record`.

        `changed` names the shards that changed since rows of them were committed, and `growth`
        those that are new or gone.
        """
        self._record = record
        self._changed = tuple(changed)
        self._growth = growth
        self._started = datetime.now(UTC)
        self.run = new_run_id(self._started)
        self._stages: dict[str, Stage] = {}
        self._counts = Counts()
        self._scores: Histograms = {}
        self._salvaged: list[str] = []
        self._failed = 0
        self._worker_seconds = 0.0
        self._storage: StorageCounts | None = None
        self._costs: dict[str, Stage] = {}
        self._cpu_seconds = self._gpu_seconds = self._joules = 0.0
        self._metered = 0  # samples of units whose energy is known
        self.units = 0  # committed

    def add(self, report: UnitReport) -> None:
        self.units += report.status == "committed"
        self._failed += report.status == "failed"
        if report.status == "committed" and report.error:
            self._salvaged.append(report.unit)
        self._counts += report.counts
        self._worker_seconds += report.seconds
        self._scores = add_histograms(self._scores, report.scores)
        self._stages = add_stages(self._stages, report.stages)
        self._storage = add_storage(self._storage, report.storage)
        self._costs = add_stages(self._costs, report.costs)
        self._cpu_seconds += report.cpu_seconds
        self._gpu_seconds += report.gpu_seconds
        if report.joules is not None:
            self._joules += report.joules
            self._metered += report.counts.read

    def check(self, max_error_rate: float) -> None:
        """Raise TooManyErrors if too many samples are invalid, or too many units failed.

        `max_error_rate` is the largest share that is accepted. It is checked from `_MIN_SAMPLES`
        samples and `_MIN_UNITS` units on.
        """
        samples, units = self._counts.read, self.units + self._failed
        if samples >= _MIN_SAMPLES and self._counts.invalid > max_error_rate * samples:
            raise TooManyErrors(
                f"{self._counts.invalid} of {samples} samples are invalid, more than "
                f"max_error_rate = {max_error_rate:g}: look at them with `shardmill inspect OUTPUT "
                "--status invalid`, then mend the job or the data, or raise max_error_rate"
            )
        if units >= _MIN_UNITS and self._failed > max_error_rate * units:
            raise TooManyErrors(
                f"{self._failed} of {units} shards failed, more than max_error_rate = "
                f"{max_error_rate:g}: `shardmill status OUTPUT` says why; mend the data, or raise "
                "max_error_rate"
            )

    def main_reason(self, min_samples: int) -> str | None:
        """Name the reason for which nearly all samples of this run were not kept.

        Returns None if there is none, or if the run has fewer than `min_samples` samples.
        """
        return main_reason(self._counts) if self._counts.read >= min_samples else None

    def _engine_wait(self) -> float | None:
        """Return the share of the workers' time in which the engine waited; None without units."""
        if not self._worker_seconds:
            return None
        waited = self._stages.get("wait", Stage()).seconds
        return round(min(1.0, waited / self._worker_seconds), 3)

    def summary(
        self,
        outcome: Outcome,
        units: Sequence[Unit],
        committed: int,
        *,
        failed: Sequence[str] = (),
        counts: Counts | None = None,
        strangers: Sequence[str] = (),
    ) -> Summary:
        """Summarize the run; the arguments describe the whole output after the run."""
        ended = datetime.now(UTC)
        seconds = (ended - self._started).total_seconds()
        self._storage = add_storage(self._storage, take_counts())  # of this process
        return Summary(
            run=self.run,
            job=self._record["name"],
            shardmill=version("shardmill"),
            fingerprint=fingerprint_of(self._record),
            started=self._started.isoformat(timespec="seconds"),
            ended=ended.isoformat(timespec="seconds"),
            outcome=outcome,
            rules=self._record["resolved"].get("rules", {}),
            images_judged=self._record["resolved"].get("images_judged", False),
            units_total=len(units),
            shards_total=count_shards(units),
            units_committed=committed,
            failed=tuple(failed),
            strangers=tuple(strangers),
            changed=self._changed,
            added_here=self._growth.added,
            waiting=self._growth.waiting,
            missing=self._growth.missing,
            units_here=self.units,
            salvaged_here=tuple(self._salvaged),
            counts_here=self._counts,
            scores_here=self._scores,
            stages_here=self._stages,
            costs_here=self._costs,
            seconds_here=round(seconds, 3),
            images_per_second_here=round(self._counts.read / seconds, 1) if seconds else 0.0,
            cpu_seconds_here=round(self._cpu_seconds, 3),
            gpu_seconds_here=round(self._gpu_seconds, 3),
            engine_wait_here=self._engine_wait(),
            watt_hours_per_million_here=(
                round(self._joules / 3600 / self._metered * 1e6, 1) if self._metered else None
            ),
            worker_seconds_here=round(self._worker_seconds, 3),
            samples_per_second_here=worker_speed(self._counts.read, self._worker_seconds),
            storage_here=self._storage,
            counts=counts,
        )
