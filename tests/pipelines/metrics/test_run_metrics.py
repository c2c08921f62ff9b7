"""The numbers of a run while it is at work, with a clock of the test's own."""

from pathlib import Path
from typing import Any

import pytest
from support.other_run import at_work
from support.sample_data import job, pairs, write_shard

from pipelines.claims.run_claims import RunClaims
from pipelines.claims.source import UnitSource
from pipelines.config.metrics import OWN_LABELS, MetricsSettings
from pipelines.metrics.families import (
    FAMILIES,
    MAX_REASONS,
    common_labels,
    read_family,
    series_names,
)
from pipelines.metrics.run_metrics import RunMetrics
from pipelines.planning.plan import Plan, plan
from pipelines.storage.local import LocalStorage
from schemas.report import Counts, Progress, Stage, UnitReport
from schemas.storage_counts import StorageCounts


class Clock:
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def planned(tmp_path: Path) -> Plan:
    for number in range(4):
        write_shard(tmp_path / f"shards/{number}.tar", pairs(2, number))
    filters = [{"kind": "text_quality", "min_words": 1}]
    made = job(tmp_path, model=None, tasks={}, filters=filters)
    return plan(made, made.open_storage())


def report(unit: str, read: int = 10, **more: Any) -> UnitReport:
    counts = Counts(read=read, kept=read - 1, dropped=1, reasons={"text_quality/text_short": 1})
    return UnitReport(unit=unit, status="committed", counts=counts, seconds=5.0, **more)


def value(metrics: RunMetrics, name: str, *labels: str) -> float | None:
    family = next(family for family in FAMILIES if family.name == name)
    return dict(read_family(family, metrics)).get(labels)


def test_reports_are_added_up(planned: Plan) -> None:
    metrics = RunMetrics()
    metrics.on_plan(planned)
    assert (metrics.units_total, metrics.units_done, metrics.bytes_done) == (4, 0, 0)
    stages = {"wait": Stage(items=1, seconds=1.0), "read": Stage(items=9, seconds=2.5)}
    storage = StorageCounts(get_requests=3, bytes_read=100, retries=1)
    metrics.on_report(report("0", stages=stages, storage=storage))
    metrics.on_report(report("1", attempt=2, error="shard_truncated", storage=storage))
    metrics.on_report(UnitReport(unit="2", status="failed", error="worker_died", attempt=5))
    assert value(metrics, "samples", "kept") == 18
    assert value(metrics, "samples", "invalid") == 0
    assert value(metrics, "rejected_samples", "text_quality", "text_short") == 2
    assert [value(metrics, "units", r) for r in ("committed", "salvaged", "failed")] == [1, 1, 1]
    assert value(metrics, "job_units_done") == 2
    assert value(metrics, "unit_retries") == 2
    assert value(metrics, "worker_seconds") == 10
    assert value(metrics, "engine_wait_ratio") == 0.1
    assert value(metrics, "stage_seconds", "read") == 2.5
    assert value(metrics, "storage_requests", "get") == 6
    assert value(metrics, "storage_bytes", "read") == 200
    assert value(metrics, "storage_retries") == 2
    assert metrics.worker_speed == 2.0


def test_claims_are_counted(planned: Plan) -> None:
    metrics = RunMetrics()
    claims = RunClaims("a", counts=metrics.claims)
    source = UnitSource(planned, planned.units, LocalStorage(), claims, largest_first=False)
    given = [source.next() for _ in range(4)]
    units = [each[0] for each in given if isinstance(each, tuple)]
    assert value(metrics, "claims_held") == 4
    source.done(units[0], 1)
    source.done(units[1], 2)
    source.taken(units[2])
    results = [value(metrics, "claims", result) for result in ("new", "again", "refused")]
    assert results == [1, 1, 1]
    assert value(metrics, "claims_held") == 1
    source.next()  # reads who made the claim
    assert value(metrics, "other_runs") == 0


def test_claims_of_others_are_counted(planned: Plan) -> None:
    at_work(planned.work.job, "1", "2")
    metrics = RunMetrics()
    claims = RunClaims("a", counts=metrics.claims)
    replanned = plan(planned.work.job)
    source = UnitSource(replanned, replanned.units, LocalStorage(), claims, largest_first=False)
    source.next()
    assert value(metrics, "other_runs") == 1


def test_speed_and_hours_left_follow_from_running_units(planned: Plan) -> None:
    clock = Clock()
    metrics = RunMetrics(clock=clock)
    metrics.on_plan(planned)
    assert (metrics.images_per_second, metrics.seconds_left) == (0.0, None)
    size = metrics.bytes_total // 4
    metrics.on_progress(Progress("0", 1, size // 4))
    assert metrics.seconds_left is None  # one measurement gives no speed
    clock.now += 10
    metrics.on_progress(Progress("0", 6, size // 2))
    assert metrics.images_per_second == 0.6
    assert metrics.seconds_left == pytest.approx(10 * (4 - 0.5) / 0.25, rel=0.01)
    clock.now += 10
    assert metrics.images_per_second == 0.3  # nothing happens: the speed falls
    for _ in range(100):
        clock.now += 10
        metrics.on_progress(Progress("0", 6, size // 2))
    assert metrics.images_per_second == 0.0
    for unit in "0123":
        metrics.on_report(report(unit))
    assert metrics.seconds_left == 0.0
    assert metrics.samples_done == 40


def test_samples_of_committed_parts_are_not_done_again(planned: Plan) -> None:
    metrics = RunMetrics()
    metrics.on_plan(planned)
    metrics._skipped["0"] = 10_000
    metrics.on_progress(Progress("0", 10_300, 1))
    assert metrics.samples_done == 300
    metrics.on_report(report("0", read=500))
    assert metrics.samples_done == 500


def test_labels_are_bounded() -> None:
    metrics = RunMetrics()
    counts = Counts(read=300, dropped=300, reasons={f"terms/reason_{n}": 1 for n in range(300)})
    for unit in ("a", "b"):
        metrics.on_report(UnitReport(unit=unit, status="committed", counts=counts))
    reasons = next(family for family in FAMILIES if family.name == "rejected_samples")
    values = read_family(reasons, metrics)
    assert len(values) == MAX_REASONS + 1
    assert sum(number for _, number in values) == 600
    assert values[-1] == (("other", "other"), 2 * (300 - MAX_REASONS))


def test_labels_of_the_job_are_apart_from_those_of_the_metrics() -> None:
    own = {label for family in FAMILIES for label in family.labels}
    assert own | {"job", "job_name", "instance"} == set(OWN_LABELS)
    settings = MetricsSettings(labels={"task": "3"})
    assert common_labels(RunMetrics(job="x"), settings.labels) == {"job_name": "x", "task": "3"}
    with pytest.raises(ValueError, match="status is a label of the metrics themselves"):
        MetricsSettings(labels={"status": "3"})
    with pytest.raises(ValueError, match="pattern"):
        MetricsSettings(labels={"a-b": "3"})


def test_names_are_unique_and_described() -> None:
    assert len(series_names()) == len(FAMILIES)
    assert all(family.meaning.endswith(".") for family in FAMILIES)


@pytest.mark.parametrize("file", ["s3://bucket/a.prom", "/var/lib/shardmill.txt"])
def test_a_file_must_be_one_that_the_collector_reads(file: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"metrics\.file: .* ends in \.prom"):
        job(tmp_path, metrics={"file": file})
