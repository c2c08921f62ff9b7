"""A plan and a run take little memory for each unit; the units are made up, as in the benchmark."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

import pipelines.output.counts
import schemas.units
from benchmarks.pipeline.million import InstantPool, MadeUpStorage, make_job, report_of
from pipelines.operations.finish import close_output
from pipelines.operations.running.tally import RunTally
from pipelines.output.counts import CountsWriter
from pipelines.output.output import open_output
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import Plan, plan
from pipelines.runners.scheduler import schedule

FEW = 2_000  # more than are objects at the same time


def peak_of(action: Callable[[], object]) -> int:
    """Return the most bytes of Python objects that an action holds, beside what was there."""
    tracemalloc.start()
    try:
        result = action()
        peak = tracemalloc.get_traced_memory()[1]
        del result
    finally:
        tracemalloc.stop()
    return peak


def begun(folder: Path, units: int) -> MadeUpStorage:
    """An output that has a record and nothing committed."""
    storage = MadeUpStorage(units, folder / "output")
    storage.committed = bytearray(units)
    begin_output(plan(make_job(folder / "output"), storage), storage)
    return storage


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few units be objects at the same time, so that tests with few units show the others."""
    monkeypatch.setattr(schemas.units, "_BATCH", 256)
    monkeypatch.setattr(pipelines.output.counts, "UNITS_PER_OBJECT", 100)


def test_a_plan_keeps_no_object_for_a_unit(tmp_path: Path) -> None:
    units = 20_000
    storage, job = begun(tmp_path, units), make_job(tmp_path / "output")
    storage.committed[: units // 2] = b"\1" * (units // 2)
    # Of each unit: its bytes in the manifest's file, which are read as one object (about 150), and
    # positions, stamps, counts of parts and masks (at most 10 numbers of 8 bytes at once). A Unit
    # alone with its texts has 500. The rest is for imports and for the units of a batch.
    assert peak_of(lambda: plan(job, storage)) < units * 230 + 1_500_000


def test_a_plan_takes_no_memory_for_what_is_committed(tmp_path: Path) -> None:
    storage, job = begun(tmp_path, FEW), make_job(tmp_path / "output")
    before = peak_of(lambda: plan(job, storage))
    storage.committed = bytearray([1]) * FEW
    planned = plan(job, storage)
    assert len(planned.pending) == 0
    assert peak_of(lambda: plan(job, storage)) < before + 100_000


def test_the_texts_of_units_are_stored_once(tmp_path: Path) -> None:
    storage = begun(tmp_path, FEW)
    storage.committed[::2] = b"\1" * (FEW // 2)
    planned = plan(make_job(tmp_path / "output"), storage)
    name, path, version = 14, len("/corpus/of/a/bucket/laion/00000/00000000.tar"), 32
    texts = name + path + (name + 4) + version
    offsets, numbers = 4 * 4, 8 + 8 + 8  # of the texts; size, slice, first index
    assert planned.units.table.nbytes <= FEW * (texts + offsets + numbers + 1) + 1000
    before = pa.total_allocated_bytes()
    assert len(planned.pending) == FEW // 2
    assert pa.total_allocated_bytes() == before  # nothing is copied for the units to do


def test_the_memory_of_a_driver_does_not_grow_with_the_run(tmp_path: Path) -> None:
    storage = begun(tmp_path, FEW)
    planned = plan(make_job(tmp_path / "output"), storage)

    def run(units: int) -> int:
        return peak_of(lambda: _run(planned, storage, units))

    run(10)  # imports
    few, many = run(150), run(650)
    # A name and a place take about 200 bytes; a report with its counts takes several thousand.
    assert many - few < 500 * 1000


def _run(planned: Plan, storage: MadeUpStorage, units: int) -> None:
    tally = RunTally(planned.work.record)
    work = planned.work
    counts = CountsWriter(work.layout, storage, f"{tally.run}-{units}", work.fingerprint)
    for report in schedule(planned, planned.pending[:units], storage, InstantPool(storage), 2):
        tally.add(report)
        counts.add_report(report)
    counts.flush()


def test_the_end_of_a_run_reads_recorded_counts_alone(tmp_path: Path) -> None:
    """The Parquet files do not exist: to read a footer is an error."""
    storage = begun(tmp_path, 250)
    planned = plan(make_job(tmp_path / "output"), storage)
    _run(planned, storage, 250)
    opened = open_output(str(tmp_path / "output"), storage)
    assert len(opened.listing.counts) == 3
    summary = close_output(RunTally(opened.record), opened)
    assert (summary.outcome, summary.units_committed) == ("complete", 250)
    expected = report_of("00000/00000000").counts.read * 250
    assert summary.counts is not None
    assert (summary.counts.read, summary.counts.kept) == (expected, expected * 9 // 10)
