"""Reports that workers write as files: at once to a disk, several together to a bucket."""

from pathlib import Path

import pytest

from pipelines.output.layout import Layout
from pipelines.runners import report_files
from pipelines.runners.report_files import ReportReader, ReportWriter
from pipelines.storage.local import LocalStorage
from schemas.report import UnitReport

STORAGE = LocalStorage()


def report(unit: str) -> UnitReport:
    return UnitReport(unit=unit, status="committed")


def test_reports_on_a_disk_are_written_at_once_and_read_once(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    writer, reader = (
        ReportWriter(layout, STORAGE, "run"),
        ReportReader(layout, STORAGE, "run", ["a", "deep/b", "c"]),
    )
    for unit in ("a", "deep/b", "another run's"):
        writer.add(report(unit))
        assert Path(layout.report("run", unit)).exists()
    assert [each.unit for each in reader.new()] == ["a", "deep/b"]
    writer.add(report("a"))  # of a retried bundle
    assert list(reader.new()) == []
    assert not [path for path in Path(layout.reports).rglob("*") if path.is_file()]


def test_reports_in_a_bucket_are_written_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(report_files, "scheme", lambda _: "s3")
    monkeypatch.setattr(report_files.time, "monotonic", lambda: now)
    layout = Layout(str(tmp_path))
    writer = ReportWriter(layout, STORAGE, "run")
    reader = ReportReader(layout, STORAGE, "run", "abcd")
    writer.add(report("a"))
    now += 9
    writer.add(report("b"))
    assert list(reader.new()) == []
    now += 1
    writer.add(report("c"))
    assert len(list(Path(layout.reports_of("run")).iterdir())) == 1
    assert [each.unit for each in reader.new()] == ["a", "b", "c"]
    writer.add(report("d"))
    assert list(reader.new()) == []
    writer.flush()  # as at the end of a bundle
    writer.flush()
    assert [each.unit for each in reader.new()] == ["d"]


def test_reports_that_cannot_be_written_still_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(LocalStorage):
        def write_bytes(self, path: str, content: bytes, durable: bool = True) -> None:
            raise OSError(28, "No space left on device", path)

    layout = Layout(str(tmp_path))
    writer = ReportWriter(layout, Full(), "run")
    with pytest.raises(OSError, match="No space"):
        writer.add(report("a"))
    monkeypatch.setattr(writer, "_storage", STORAGE)
    writer.add(report("b"))
    units = [each.unit for each in ReportReader(layout, STORAGE, "run", "ab").new()]
    assert units == ["a", "b"]
