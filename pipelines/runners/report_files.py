"""Reports of units as files of the output, for a runner whose workers cannot send them.

A file has a line of JSON for each report, and is named after the unit of the last one. Requests to
a bucket cost money, so a worker writes several reports to it at once.
"""

import time
from collections.abc import Iterable, Iterator

from pipelines.output.layout import Layout
from pipelines.storage.paths import scheme
from pipelines.storage.storage import Storage
from schemas.report import UnitReport

_WRITE_SECONDS = 10.0  # between files of reports that a worker writes to a bucket
_READ_SECONDS, _READ_BUCKET_SECONDS = 1.0, 5.0  # between listings of the files


class ReportWriter:
    """Writes the reports of a worker."""

    def __init__(self, layout: Layout, storage: Storage) -> None:
        self._layout = layout
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
            path = self._layout.report(self._waiting[-1].unit)
            self._storage.write_bytes(path, lines.encode(), durable=False)
            self._waiting.clear()
            self._written = time.monotonic()


class ReportReader:
    """Reads the reports of units and deletes their files."""

    def __init__(self, layout: Layout, storage: Storage, units: Iterable[str]) -> None:
        self._layout = layout
        self._storage = storage
        self._units = set(units)
        self.interval = _READ_BUCKET_SECONDS if scheme(layout.root) else _READ_SECONDS

    def clear(self) -> None:
        """Delete all report files: earlier runs whose drivers died have left them."""
        self._storage.delete_many([e.path for e in self._storage.list(self._layout.reports)])

    def new(self) -> Iterator[UnitReport]:
        """Yield the reports that have arrived since the last call, at most one for each unit."""
        for entry in list(self._storage.list(self._layout.reports)):
            if not entry.path.endswith(".record"):
                continue
            lines = self._storage.read_bytes(entry.path).splitlines()
            self._storage.delete(entry.path)
            for report in map(UnitReport.model_validate_json, lines):
                if report.unit in self._units:
                    self._units.remove(report.unit)
                    yield report
