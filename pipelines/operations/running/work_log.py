"""Keeps what a run works on in its heartbeat, for `shardmill status`."""

import time

from pipelines.output.heartbeat import Heartbeat, RunWork
from pipelines.planning.plan import Plan
from schemas.report import Counts, Progress, UnitReport

_MAX_UNITS = 100  # names in a heartbeat


class WorkLog:
    """What a run has in work and has done so far; its methods are callbacks of the run."""

    def __init__(self, heartbeat: Heartbeat, plan: Plan) -> None:
        self._heartbeat = heartbeat
        self._plan = plan
        self._working: dict[str, None] = {}
        self._units = self._samples = self._bytes = 0
        self._counts = Counts()
        self._began = time.monotonic()

    def on_progress(self, progress: Progress) -> None:
        """Note that a unit is in work."""
        if progress.unit not in self._working:
            self._working[progress.unit] = None
            self._write()

    def on_report(self, report: UnitReport) -> None:
        """Note that a unit is committed, or reported failed."""
        self._working.pop(report.unit, None)
        unit = self._plan.units.find(report.unit)
        self._units += report.status == "committed"
        self._samples += report.counts.read
        statuses = report.counts.by_status()
        self._counts += Counts(read=report.counts.read, filters=report.counts.filters, **statuses)
        self._bytes += unit.size if unit else 0
        self._write()

    def _write(self) -> None:
        self._heartbeat.work = RunWork(
            units=tuple(self._working)[:_MAX_UNITS],
            committed=self._units,
            samples=self._samples,
            bytes=self._bytes,
            counts=self._counts,
            seconds=round(time.monotonic() - self._began, 3),
        )
