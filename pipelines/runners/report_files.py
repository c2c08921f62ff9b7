"""Reports of units as files of the output, for a runner whose workers cannot send them.

A file has a line of JSON for each report, and is named after the unit of the last one. It lies in a
folder of its run, because several runs may share an output. Requests to a bucket cost money, so a
worker writes several reports to it at once.
"""

import time
from collections.abc import Collection, Iterator

from pipelines.output.layout import Layout
from pipelines.storage.paths import scheme
from pipelines.storage.storage import Storage
from schemas.report import UnitReport

_WRITE_SECONDS = 10.0  # between files of reports that a worker writes to a bucket
_READ_SECONDS, _READ_BUCKET_SECONDS = 1.0, 5.0  # between listings of the files


class ReportWriter:
    """Writes the reports of a worker of a run."""

    def __init__(self, layout: Layout, storage: Storage, run: str) -> None:
        self._layout = layout
        self._run = run
        self._storage = storage
        self._waiting: list[UnitReport] = []
        self._interval = _WRITE_SECONDS if scheme(layout.root) else 0.0
        self._written = time.monotonic()

    def add(self, report: UnitReport) -> None:
        """Write the waiting reports and this one, or let it wait if some were written just now."""
        self._waiting.append(report)
        if time.monotonic() - self._written >= self._interval:
            self.flush()

    def flush(self) -> None:
        """Write the waiting reports; if that fails, they still wait."""
        if self._waiting:
            lines = "\n".join(report.model_dump_json() for report in self._waiting)
            path = self._layout.report(self._run, self._waiting[-1].unit)
            self._storage.write_bytes(path, lines.encode(), durable=False)
            self._waiting.clear()
            self._written = time.monotonic()


class ReportReader:
    """Reads the reports of a run and deletes their files."""

    def __init__(self, layout: Layout, storage: Storage, run: str, units: Collection[str]) -> None:
        """Read the reports of these units, one for each."""
        self._folder = layout.reports_of(run)
        self._storage = storage
        self._units = set(units)
        self.interval = _READ_BUCKET_SECONDS if scheme(layout.root) else _READ_SECONDS

    @property
    def missing(self) -> Collection[str]:
        """The units without a report so far."""
        return self._units

    def new(self) -> Iterator[UnitReport]:
        """Yield the reports that have arrived since the last call, at most one for each unit."""
        for entry in list(self._storage.list(self._folder)):
            if not entry.path.endswith(".record"):
                continue
            lines = self._storage.read_bytes(entry.path).splitlines()
            self._storage.delete(entry.path)
            for report in map(UnitReport.model_validate_json, lines):
                if report.unit in self._units:
                    self._units.remove(report.unit)
                    yield report


def delete_old_reports(layout: Layout, storage: Storage) -> None:
    """Delete the reports of earlier runs, whose drivers died; those of runs at work stay."""
    prefix = f"{layout.reports}/"
    paths = [entry.path for entry in storage.list(layout.reports)]
    # Signs of life are listed after the reports: a run gives the first one before it begins a unit.
    signs = {entry.path for entry in storage.list(layout.heartbeats)} if paths else set()
    storage.delete_many(
        path
        for path in paths
        if layout.heartbeat(path.removeprefix(prefix).partition("/")[0]) not in signs
    )
