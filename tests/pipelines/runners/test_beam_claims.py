"""Runs on Beam leave the units of other runs alone, and take over those of dead runs."""

import threading
from pathlib import Path

import pytest
from support.other_run import at_work, claim_dead
from support.sample_data import job, pairs, write_shard

from pipelines.claims.run_claims import claim_of
from pipelines.config.job import Job
from pipelines.operations.run import run
from pipelines.output.layout import Layout
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import plan
from pipelines.runners.beam_step import AnnotateUnit
from pipelines.runners.report_files import delete_old_reports
from pipelines.storage.local import LocalStorage
from schemas.sample import Unit

STORAGE = LocalStorage()
UNITS = "abc"


@pytest.fixture(params=[10, 2])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Job:
    """A job on Beam whose units have one file each, or two."""
    for seed, name in enumerate(UNITS):
        write_shard(tmp_path / f"shards/{name}.tar", pairs(3, seed))
    reads = {"shards": f"{tmp_path}/shards/*.tar", "max_samples_per_file": request.param}
    quality = {"kind": "text_quality", "min_words": 1}
    given = {"filters": [quality], "input": reads, "runner": {"kind": "beam"}}
    return job(tmp_path, model=None, tasks={}, **given)


def step_of(work: Job, name: str) -> tuple[AnnotateUnit, list[Unit]]:
    """Return the step of a run of this process, and the units of the job."""
    planned = plan(work)
    if planned.is_new:
        begin_output(planned, STORAGE)
    step = AnnotateUnit(planned.work, STORAGE, name, claim_of(name))
    step.setup()
    return step, list(planned.units)


def committed(work: Job) -> set[str]:
    return {path.name.partition(".")[0] for path in Path(work.output).glob("*.parquet")}


def test_a_worker_leaves_what_another_run_has_claimed_or_done(shared: Job) -> None:
    step, (first, second, third) = step_of(shared, "here")
    at_work(shared, first.name)
    assert list(step.process((first, None))) == []
    assert list(step.process((first, 0))) == []
    (report,) = step.process((second, None))
    assert (report.unit, report.attempt) == ("b", 1)
    other, _ = step_of(shared, "there")
    assert list(other.process((second, None))) == []
    STORAGE.delete(Layout(shared.output).attempt("b", 1))  # long after the unit was done
    assert list(other.process((second, None))) == []
    (report,) = other.process((third, None))
    assert committed(shared) == {"b", "c"}


def test_a_worker_takes_over_a_claim_that_its_driver_knows_as_dead(shared: Job) -> None:
    step, (first, second, _) = step_of(shared, "here")
    claim_dead(shared, first.name)
    assert list(step.process((first, None))) == []  # only a driver watches signs of life
    (report,) = step.process((first, 1))
    assert (report.status, report.attempt) == ("committed", 2)
    STORAGE.write_bytes(Layout(shared.output).attempt("b", 1), claim_of("here"))
    (report,) = step.process((second, None))  # a bundle is retried after its worker was lost
    assert (report.status, report.attempt) == ("committed", 2)


def test_two_claims_of_one_unit_at_once_are_one(shared: Job) -> None:
    steps = [step_of(shared, name) for name in ("here", "there")]
    unit = steps[0][1][0]
    reports: list[object] = []
    threads = [
        threading.Thread(target=lambda step=step: reports.extend(step.process((unit, None))))
        for step, _ in steps
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 1
    assert committed(shared) == {unit.name}


def test_a_run_leaves_units_to_a_run_at_work(shared: Job) -> None:
    run(shared, limit_units=1)
    at_work(shared, "b")
    summary = run(shared, wait=False)
    assert (summary.outcome, summary.units_here) == ("partial", 1)
    assert committed(shared) == {"a", "c"}


def test_a_run_takes_over_the_units_of_runs_that_died(shared: Job) -> None:
    """The process of one is known to have ended; the other gives no sign of life any more."""
    run(shared, limit_units=1)
    at_work(shared, "b")
    claim_dead(shared, "c")
    lines: list[str] = []
    impatient = shared.runner.model_copy(update={"claim_seconds": 1})
    summary = run(shared.model_copy(update={"runner": impatient}), on_warning=lines.append)
    assert (summary.outcome, summary.units_here) == ("complete", 2)
    assert committed(shared) == set(UNITS)
    assert [line for line in lines if line.startswith("waiting for")], lines


def test_reports_of_drivers_at_work_stay(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    STORAGE.write_bytes(layout.heartbeat("alive"), b"{}")
    for name in ("alive", "dead"):
        STORAGE.write_bytes(layout.report(name, "deep/a"), b"")
    delete_old_reports(layout, STORAGE)
    left = [path for path in Path(layout.reports).rglob("*") if path.is_file()]
    assert [str(path) for path in left] == [layout.report("alive", "deep/a")]
