"""Every unit is reported once, whether workers load, fail, are faulty or die."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.sample_data import job

from inference import ResolvedCheckpoint
from pipelines.logs.configuration import configured
from pipelines.output.layout import whole_file
from pipelines.output.listing import classify_files
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.plan import Plan
from pipelines.planning.resolved_job import Resolved, ResolvedJob
from pipelines.runners.scheduler import schedule
from pipelines.runners.worker import record_outcome
from pipelines.runners.worker_pool import Assignment, Lost, Message, Ready
from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Entry
from schemas.errors import JobError, WorkerFault
from schemas.report import UnitReport
from schemas.sample import Unit
from schemas.units import NameIndex, Units

ROOT = Path("/nowhere")


class NamesOnlyStorage(LocalStorage):
    """A storage in memory whose files have names but no content."""

    def __init__(self) -> None:
        self.paths: set[str] = set()

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        return (Entry(path, 0, "") for path in sorted(self.paths) if path.startswith(folder))

    def write_bytes(self, path: str, content: bytes, durable: bool = True) -> None:
        self.paths.add(path)

    def delete(self, path: str) -> None:
        self.paths.discard(path)


def planned(sizes: list[int]) -> Plan:
    checkpoint = ResolvedCheckpoint(
        source="none", local=True, version="none", resolution=56, generation=2
    )
    resolved = Resolved(checkpoint=checkpoint, device="cpu", threads=1, files={}, packages={})
    work = ResolvedJob(job=job(ROOT), resolved=resolved)
    units = tuple(
        Unit(f"{number:03}", "", f"{number:03}.tar", size, "") for number, size in enumerate(sizes)
    )
    listing = classify_files(work.layout, [], NameIndex.of(unit.name for unit in units))
    return Plan(work, Units.of(units), listing, is_new=False)


LOSSES = {
    "dies unbegun": Lost("died"),
    "loses machine": Lost("its machine died", with_machine=True),
}


class SimulatedPool:
    """A WorkerPool without processes; `draw` decides what happens at each step."""

    def __init__(self, plan: Plan, storage: NamesOnlyStorage, draw: Callable[[int], str]) -> None:
        self.layout = plan.work.layout
        self.storage = storage
        self.draw = draw
        self.working: dict[int, Assignment | None] = {}
        self.assigned: list[Assignment] = []
        self.started = 0
        self.max_working = 0
        self.closed = False

    def start(self) -> int:
        self.started += 1
        self.working[self.started] = None
        self.max_working = max(self.max_working, len(self.working))
        return self.started

    def assign(self, worker: int, assignment: Assignment) -> None:
        assert self.working[worker] is None
        self.working[worker] = assignment
        self.assigned.append(assignment)

    def messages(self) -> Iterator[tuple[int, Message]]:
        worker = min(self.working, key=lambda number: (self.working[number] is None, number))
        assignment = self.working[worker]
        event = self.draw(self.started)
        if assignment is None:
            yield from self._loaded(worker, event)
            return
        unit = assignment.unit.name
        attempt = assignment.attempts + 1
        if event == "faulty":
            del self.working[worker]
            yield worker, WorkerFault("faulty")
            return
        if event in LOSSES:
            del self.working[worker]
            yield worker, LOSSES[event]
            return
        self.storage.write_bytes(self.layout.attempt(unit, attempt), b"")
        if event == "dies":
            del self.working[worker]
            yield worker, Lost("died")
            return
        if event != "fails":
            self.storage.write_bytes(self.layout.file(whole_file(unit)), b"")
        if event == "dies committed":
            del self.working[worker]
            yield worker, Lost("died")
            return
        status = "failed" if event == "fails" else "committed"
        report = UnitReport(unit=unit, status=status, attempt=attempt)
        record_outcome(report, self.layout, self.storage)
        self.working[worker] = None
        yield worker, report

    def _loaded(self, worker: int, event: str) -> Iterator[tuple[int, Message]]:
        if event == "faulty" or event in LOSSES:
            del self.working[worker]
            yield worker, LOSSES.get(event, WorkerFault("faulty"))
        else:
            yield worker, Ready()

    def close(self) -> None:
        self.closed = True


EVENTS = ("commits", "fails", "dies", "dies committed", "dies unbegun", "loses machine", "faulty")


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 4), st.data())
def test_every_unit_is_reported_once_or_the_run_ends_with_a_fault(
    sizes: list[int], workers: int, data: st.DataObject
) -> None:
    plan, storage = planned(sizes), NamesOnlyStorage()
    pool = SimulatedPool(plan, storage, lambda _: data.draw(st.sampled_from(EVENTS)))
    reports: list[UnitReport] = []
    try:
        for report in schedule(plan, plan.units, storage, pool, workers):
            reports.append(report)
    except WorkerFault:
        ended = False
    else:
        ended = True
    names = [report.unit for report in reports]
    assert len(set(names)) == len(names)
    assert pool.closed
    assert pool.max_working <= workers
    if ended:
        assert sorted(names) == [unit.name for unit in plan.units]
    committed = {report.unit for report in reports if report.status == "committed"}
    entries = storage.list(plan.work.layout.root)
    listing = classify_files(plan.work.layout, entries, plan.units.names)
    assert all(map(listing.is_complete, committed))
    assert listing.failed == {r.unit for r in reports if r.status == "failed"}


def run(
    sizes: list[int], workers: int, event: Callable[[SimulatedPool], str]
) -> tuple[SimulatedPool, list[str]]:
    plan, storage = planned(sizes), NamesOnlyStorage()
    pool: SimulatedPool = SimulatedPool(plan, storage, lambda _: event(pool))
    reports = list(schedule(plan, plan.units, storage, pool, workers))
    return pool, [f"{report.unit} {report.status}" for report in reports]


def test_the_largest_unit_is_first() -> None:
    pool, _ = run([2, 9, 5], 1, lambda _: "commits")
    assert [assignment.unit.size for assignment in pool.assigned] == [9, 5, 2]
    assert pool.started == 1


def test_a_unit_that_kills_its_workers_comes_last_and_is_given_up_after_five() -> None:
    pool, reports = run(
        [9, 1, 1],
        1,
        lambda pool: "dies" if pool.assigned[-1:] and pool.assigned[-1].unit.size == 9 else "",
    )
    assert reports == ["001 committed", "002 committed", "000 failed"]
    assert [a.attempts for a in pool.assigned if a.unit.size == 9] == [0, 1, 2, 3, 4]


def test_three_faulty_workers_in_a_row_end_the_run_and_charge_no_unit() -> None:
    plan, storage = planned([1, 1]), NamesOnlyStorage()
    events = iter(["", "faulty", "", "faulty", "", "faulty"])
    pool = SimulatedPool(plan, storage, lambda _: next(events))
    with pytest.raises(WorkerFault, match="faulty"):
        list(schedule(plan, plan.units, storage, pool, 1))
    assert storage.paths == set()


def test_faults_between_commits_do_not_end_the_run() -> None:
    events = iter(["", "faulty", "", "faulty", "", "commits"] * 4)
    _, reports = run([1, 1, 1, 1], 1, lambda _: next(events))
    assert len(reports) == 4


def test_lost_machines_are_no_faults_of_the_workers() -> None:
    events = iter(["loses machine"] * 4 + ["faulty", "faulty", "loses machine"] + ["commits"] * 9)
    pool, reports = run([1, 1, 1, 1], 2, lambda _: next(events))
    assert len(reports) == 4
    assert pool.started == 9


def test_the_loss_of_three_times_all_machines_ends_the_run() -> None:
    plan, storage = planned([1, 1, 1]), NamesOnlyStorage()
    pool = SimulatedPool(plan, storage, lambda _: "loses machine")
    with pytest.raises(WorkerFault, match="its machine died"):
        list(schedule(plan, plan.units, storage, pool, 2))
    assert pool.started == 7  # six were lost
    assert storage.paths == set()


def test_closing_discards_running_attempts() -> None:
    plan, storage = planned([3, 2, 1]), NamesOnlyStorage()
    pool = SimulatedPool(plan, storage, lambda _: "commits")
    reports = schedule(plan, plan.units, storage, pool, 1)
    next(reports)
    marker = plan.work.layout.attempt("001", 1)  # assigned before the first report is yielded
    storage.write_bytes(marker, b"")
    reports.close()
    assert pool.closed
    assert marker not in storage.paths


def test_a_wrong_job_ends_the_run_at_once() -> None:
    plan, storage = planned([1]), NamesOnlyStorage()

    class WrongJobPool(SimulatedPool):
        def messages(self) -> Iterator[tuple[int, Message]]:
            yield 1, JobError("wrong")

    pool = WrongJobPool(plan, storage, lambda _: "")
    with pytest.raises(JobError, match="wrong"):
        list(schedule(plan, plan.units, storage, pool, 1))
    assert pool.closed


def test_parts_that_a_lost_worker_committed_are_not_repeated() -> None:
    plan, storage = planned([1]), NamesOnlyStorage()
    events = iter(["", "dies", "", "commits"])
    pool = SimulatedPool(plan, storage, lambda _: next(events))
    storage.paths.add(plan.work.layout.file("000.00000.parquet"))
    list(schedule(plan, plan.units, storage, pool, 1))
    assert [assignment.unit_progress for assignment in pool.assigned] == [
        UnitProgress(),
        UnitProgress(1, False, ("000.00000.parquet",)),
    ]


def test_a_unit_that_is_tried_again_is_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    events = iter(["", "dies", "", "faulty", "", "commits"])
    with configured("json"):
        run([1], 1, lambda _: next(events))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["unit"], line["reason"]) for line in lines] == [
        ("unit_requeued", "000", "died"),
        ("unit_requeued", "000", "worker_faulty"),
    ]
