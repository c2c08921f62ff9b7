"""A canary picks units at random but repeatably, and projects their results onto the rest."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.sample_data import job, pairs, write_shard

from pipelines.operations.canary import choose_canary_units, project_canary
from pipelines.planning.plan import Plan, plan
from pipelines.planning.resolved_job import ResolvedJob
from schemas.report import Counts, UnitReport

UNITS = "abcdef"


@pytest.fixture
def planned(tmp_path: Path, checkpoint: Path) -> Plan:
    for name in UNITS:
        write_shard(tmp_path / "shards" / f"{name}.tar", pairs(1))
    return plan(job(tmp_path, checkpoint))


def of_another_job(planned: Plan, number: int) -> Plan:
    """A plan of the same units with another fingerprint for each number."""
    asked = planned.work.job
    input_ = asked.input.model_copy(update={"max_samples_per_file": 1 + number})
    other = ResolvedJob(
        job=asked.model_copy(update={"input": input_}), resolved=planned.work.resolved
    )
    assert other.fingerprint != planned.work.fingerprint
    return replace(planned, work=other)


def names(planned: Plan, number: int) -> str:
    return "".join(unit.name for unit in choose_canary_units(planned, number))


def test_it_picks_any_units_and_the_same_ones_for_one_job(planned: Plan) -> None:
    others = [of_another_job(planned, number) for number in range(60)]
    picked = [names(other, 3) for other in others]
    assert picked == [names(other, 3) for other in others]
    assert {len(names) for names in picked} == {3}
    assert {unit for names in picked for unit in names} == set(UNITS)  # not merely the first
    assert all(sorted(set(names)) == list(names) for names in picked)  # none twice, in their order


def test_it_picks_no_more_units_than_there_are(planned: Plan) -> None:
    assert names(planned, 9) == UNITS


def test_units_that_failed_are_no_part_of_the_rest(planned: Plan) -> None:
    counts = Counts(read=4, kept=3, dropped=1, reasons={"size/small": 1})
    projected = project_canary(
        planned,
        [
            UnitReport(unit="b", status="committed", counts=counts, seconds=3600.0),
            UnitReport(unit="d", status="failed", error="worker_died_of_signal_9"),
        ],
    )
    assert projected is not None
    assert (projected.units, projected.samples, projected.rest_units) == (("b",), 4, 4)
    assert projected.shares == {"kept": 0.75, "dropped": 0.25, "quarantined": 0, "invalid": 0}
    assert projected.reasons == {"size/small": 0.25}
    assert projected.rest_hours == pytest.approx(4, rel=0.01)  # the shards are alike


def test_nothing_committed_projects_nothing(planned: Plan) -> None:
    assert project_canary(planned, []) is None
    assert project_canary(planned, [UnitReport(unit="a", status="failed", error="broken")]) is None
