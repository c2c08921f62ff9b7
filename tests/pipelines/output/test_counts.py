"""Recorded counts are those of the footers, whichever of their objects are there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.counting_storage import CountingStorage
from support.memory_folder import MemoryFolder

from pipelines.output import counts as module
from pipelines.output.counts import CountsWriter, read_recorded_counts
from pipelines.output.layout import Layout, part_file, whole_file
from pipelines.output.listing import OutputListing, classify_files
from pipelines.output.stamps import unit_stamp
from schemas.report import Counts, FilterCounts, UnitReport
from schemas.units import NameIndex

LAYOUT = Layout("/data/out")
UNITS = NameIndex.of(f"{number:02}" for number in range(12))


def counts_of(number: int, **more: Any) -> Counts:
    """Counts in which every kind of number differs from unit to unit."""
    return Counts(
        read=number + 3,
        kept=number,
        dropped=2,
        invalid=1,
        reasons={"a/b": 2, f"x/{number % 3}": 1},
        filters=(
            FilterCounts(name="z", seen=number + 2, dropped=1),
            FilterCounts(name="a", seen=number + 1, dropped=1),
        ),
        languages={f"l{number % 2}/kept": number},
        carried={"url": 0, "license": number},
        **more,
    )


class Work:
    """An output in memory whose units are committed by hand."""

    def __init__(self) -> None:
        self.storage = MemoryFolder()
        self.expected: dict[str, Counts] = {}  # file -> counts in its footer

    def commit(self, unit: str, file: str, number: int) -> UnitReport:
        self.storage.write_bytes(LAYOUT.file(file), b"%d" % number)
        entry = self.storage.entry(LAYOUT.file(file))
        assert entry is not None
        self.expected[file] = counts_of(number)
        return UnitReport(
            unit=unit,
            status="committed",
            files=(file,),
            versions=(entry.version,),
            counts=self.expected[file],
        )

    def writer(self, run: str) -> CountsWriter:
        return CountsWriter(LAYOUT, self.storage, run, "f")

    def listing(self) -> OutputListing:
        return classify_files(LAYOUT, self.storage.list(LAYOUT.root), UNITS)

    def check(self) -> set[str]:
        """Compare the recorded counts with those of the covered files; return these units."""
        listing = self.listing()
        recorded = read_recorded_counts(LAYOUT, listing, "f", self.storage)
        covered = {str(UNITS.names[each]) for each in recorded.covered.nonzero()[0]}
        files = [file for unit in sorted(covered) for file in listing.progress_of(unit).files]
        assert recorded.counts == sum((self.expected[file] for file in files), Counts())
        return covered


def test_counts_come_back_as_they_are() -> None:
    work = Work()
    writer = work.writer("run")
    for number in range(12):
        writer.add_report(work.commit(f"{number:02}", whole_file(f"{number:02}"), number))
    assert work.check() == set()  # nothing is written yet
    writer.flush()
    writer.flush()
    assert len(work.check()) == 12
    assert [path for path in work.storage.files if "/counts/" in path] == [
        LAYOUT.counts("run-00000")
    ]
    listing = work.listing()
    recorded = read_recorded_counts(LAYOUT, listing, "f", work.storage).counts
    assert [each.name for each in recorded.filters] == ["z", "a"]  # in the order of their runs
    assert recorded.carried == {"license": 66, "url": 0}
    assert not read_recorded_counts(LAYOUT, listing, "other job", work.storage).covered.any()


def test_a_file_that_was_written_anew_is_not_counted_from_an_object() -> None:
    work = Work()
    writer = work.writer("run")
    for number in range(3):
        writer.add_report(work.commit(f"{number:02}", whole_file(f"{number:02}"), number))
    writer.flush()
    again = work.commit("01", whole_file("01"), 9)
    assert work.check() == {"00", "02"}
    writer.add_report(again)
    writer.flush()
    assert work.check() == {"00", "01", "02"}
    work.storage.delete(LAYOUT.file(whole_file("00")))
    assert work.check() == {"01", "02"}


def test_parts_of_several_attempts_are_counted_together() -> None:
    work = Work()
    first, second = work.writer("1"), work.writer("2")
    first.add_report(work.commit("03", part_file("03", 0, last=False), 1))
    first.flush()
    assert work.check() == {"03"}
    report = work.commit("03", part_file("03", 1, last=False), 2)
    assert work.check() == set()  # the second part is in no object
    second.add_report(work.commit("03", part_file("03", 2, last=True), 3))
    second.flush()
    assert work.check() == set()
    second.add_report(report)
    second.flush()
    assert work.check() == {"03"}


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", b"\xff"])
def test_a_damaged_object_does_not_count(damage: bytes) -> None:
    work = Work()
    writer = work.writer("run")
    writer.add_report(work.commit("00", whole_file("00"), 1))
    writer.flush()
    work.storage.write_bytes(LAYOUT.counts("run-00000"), damage)
    assert work.check() == set()


def test_a_report_without_versions_is_not_recorded() -> None:
    work = Work()
    writer = work.writer("run")
    report = work.commit("00", whole_file("00"), 1)
    writer.add_report(report.model_copy(update={"versions": ()}))
    writer.add_report(UnitReport(unit="01", status="committed"))
    writer.flush()
    assert work.check() == set()


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["commit", "part", "end", "lose", "delete", "flush", "kill", "copy"]),
        st.integers(0, 5),
        st.integers(0, 9),
    ),
    max_size=40,
)


@settings(max_examples=50, deadline=None)
@given(MOVES)
def test_whatever_happens_no_count_is_lost_or_doubled(moves: list[tuple[str, int, int]]) -> None:
    """`check` after any sequence of commits, deaths, deletions and repeated objects."""
    work = Work()
    writer, runs = work.writer("0"), 0
    for move, number, value in moves:
        unit = f"{number:02}"
        parts = work.listing().progress_of(unit).parts
        match move:
            case "commit":
                writer.add_report(work.commit(unit, whole_file(unit), value))
            case "part" | "end":
                file = part_file(unit, parts, move == "end")
                writer.add_report(work.commit(unit, file, value))
            case "lose":  # the worker died before its report
                work.commit(unit, part_file(unit, parts, last=False), value)
            case "delete":
                for file in work.listing().progress_of(unit).files:
                    work.storage.delete(LAYOUT.file(file))
            case "flush":
                writer.flush()
            case "kill":
                runs += 1
                writer = work.writer(str(runs))
            case "copy":  # two runs that did the same
                for path in [each for each in work.storage.files if "/counts/" in each]:
                    content = work.storage.files[path][0]
                    work.storage.write_bytes(path.replace(".record", ".copy.record"), content)
        work.check()
    writer.flush()
    work.check()


def test_counts_of_many_units_take_one_object_for_a_thousand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "UNITS_PER_OBJECT", 4)
    work = Work()
    storage = CountingStorage(work.storage)
    writer = CountsWriter(LAYOUT, storage, "run", "f")
    for number in range(11):
        writer.add_report(work.commit(f"{number:02}", whole_file(f"{number:02}"), number))
    assert sum(storage.calls.values()) == 2  # as soon as they are full
    writer.flush()
    assert {name for _, name in storage.calls} == {
        LAYOUT.counts(f"run-{number:05}") for number in range(3)
    }
    assert len(work.check()) == 11


def test_stamps_depend_on_names_and_versions_and_not_on_the_order() -> None:
    files = [("a.parquet", "1"), ("b.parquet", "2")]
    assert unit_stamp(files) == unit_stamp(files[::-1])
    changed: Mapping[str, list[tuple[str, str]]] = {
        "version": [("a.parquet", "1"), ("b.parquet", "3")],
        "name": [("a.parquet", "1"), ("c.parquet", "2")],
        "swapped": [("a.parquet", "2"), ("b.parquet", "1")],
        "missing": [("a.parquet", "1")],
    }
    assert unit_stamp(files) not in {unit_stamp(each) for each in changed.values()}


def test_an_output_of_an_earlier_version_has_no_objects(tmp_path: Path) -> None:
    work = Work()
    work.commit("00", whole_file("00"), 1)
    assert work.listing().counts == ()
    assert work.check() == set()
