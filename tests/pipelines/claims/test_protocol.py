"""Runs share the units of an output by claims: all is done, little is done twice, nothing hangs."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.simulated_claims import Conditions, Simulation

from pipelines.claims.protocol import UnitClaims
from pipelines.claims.spread import Spread
from pipelines.claims.steps import Begin, Check, Look, ReadClaim, Relist, Wait


def simulated(conditions: Conditions, seed: int = 1) -> Simulation:
    simulation = Simulation(conditions, seed)
    simulation.run()
    assert simulation.store.done.all()
    assert max(simulation.ended) == 0  # a run that ends by itself knows that all is done
    return simulation


def test_machines_that_are_preempted_waste_little() -> None:
    simulation = simulated(Conditions(workers=20, units=2000))
    assert simulation.deaths > 5
    assert simulation.wasted < 0.03
    assert simulation.doubled / simulation.worked < 0.01


@pytest.mark.parametrize("workers", [1, 2, 4, 16])
def test_without_preemptions_nothing_is_done_twice(workers: int) -> None:
    conditions = Conditions(workers, 400, life_seconds=1e12, slow=0)
    simulation = simulated(conditions)
    assert simulation.units_doubled == 0
    assert simulation.store.requests["refused"] <= 0.2 * conditions.units


@pytest.mark.parametrize("workers", [2, 4, 16])
@pytest.mark.parametrize("unit_seconds", [1, 60])
@pytest.mark.parametrize("life_seconds", [7200, 1e12])
def test_claims_cost_two_requests_a_unit_at_most(
    workers: int, unit_seconds: float, life_seconds: float
) -> None:
    conditions = Conditions(workers, 1000, unit_seconds, life_seconds=life_seconds)
    assert simulated(conditions).store.claim_requests() <= 2 * conditions.units


def test_a_run_looks_up_no_unit_of_its_share() -> None:
    run = claims(100, {})
    run.on_look({"other": "0"}, (), 0, 0)
    for now in range(0, 2000, 40):  # longer than the time for which claims are kept
        run.on_look({"other": str(now)}, (), now, now)
        step = run.step(now)
        if not (isinstance(step, Begin) and run.is_in_share(step.unit)):
            break
        run.on_done(step.unit)
    assert now > 600


def test_a_unit_that_was_in_the_share_of_a_run_in_between_is_looked_up() -> None:
    run = claims(100, {})
    run.on_look({}, (), 0, 0)
    run.on_look({"other": "0"}, (), 10, 10)
    theirs = [unit for unit in range(100) if not run.is_in_share(unit)]
    for now in (40, 70, 100):
        run.on_look({}, (), now, now)
    steps = []
    for _ in range(200):
        step = run.step(100)
        if isinstance(step, Check):
            run.on_check(dict.fromkeys(step.units, False), 100)
            steps += step.units
        elif isinstance(step, Begin):
            run.on_done(step.unit)
    assert sorted(steps) == theirs


@pytest.mark.parametrize("unit_seconds", [0.05, 0.5])
def test_units_that_are_done_sooner_than_a_sign_is_renewed_are_done_once(
    unit_seconds: float,
) -> None:
    conditions = Conditions(
        16, 500, unit_seconds, life_seconds=1e12, slow=0, start_seconds=2, skew=0
    )
    simulation = simulated(conditions)
    assert simulation.units_doubled <= 0.02 * conditions.units


@pytest.mark.faults  # with CLAIMS=all, a hundred thousand units: ten CPU-minutes
@pytest.mark.timeout(3600)
def test_a_thousand_machines_share_many_units() -> None:
    units = 100_000 if os.environ.get("CLAIMS") == "all" else 10_000
    conditions = Conditions(
        workers=1000, units=units, unit_seconds=30, claim_seconds=120, life_seconds=3600
    )
    simulation = simulated(conditions)
    assert simulation.deaths > units / 500
    assert simulation.wasted < 0.03


@given(
    st.builds(
        Conditions,
        workers=st.integers(1, 5),
        units=st.integers(1, 20),
        unit_seconds=st.floats(0.1, 60),
        claim_seconds=st.floats(10, 120),
        life_seconds=st.floats(300, 5000),
        warned=st.floats(0, 1),
        slow=st.floats(0, 1),
        speculate=st.booleans(),
    ),
    st.integers(0, 2**32),
)
@settings(max_examples=40)
def test_every_unit_is_done_whatever_happens(conditions: Conditions, seed: int) -> None:
    simulated(conditions, seed)


def claims(number: int, held: dict[int, int], **options: object) -> UnitClaims:
    spread = Spread(lambda: np.arange(number), np.ones(number, np.int64))
    given = {"claim_seconds": 60.0, "listed": 0.0, **options}
    return UnitClaims("me", spread, np.arange(number), held, **given)  # type: ignore[arg-type]


def test_a_run_that_is_alone_takes_units_in_their_order_and_looks_nothing_up() -> None:
    alone = claims(3, {})
    assert alone.step(0) == Look()
    alone.on_look({}, (), 0, 0)
    for unit in range(3):
        assert alone.step(unit) == Begin(unit, 1)
        alone.on_done(unit)
    assert alone.step(3) is None


def test_a_claim_of_a_process_that_ended_here_is_taken_over_at_once() -> None:
    later = claims(1, {0: 2})
    later.on_look({"other": "1"}, ["other"], 0, 0)
    assert later.step(1) == ReadClaim(0, 2)
    later.on_owner(0, "other", 1)
    assert later.step(1) == Check((0,))
    later.on_check({0: False}, 1)
    assert later.step(1) == Begin(0, 3)


@pytest.mark.parametrize("has_sign", [True, False])
def test_a_claim_is_taken_over_once_its_sign_has_not_changed_for_claim_seconds(
    has_sign: bool,
) -> None:
    watcher = claims(1, {0: 1})
    signs = {"other": "1"} if has_sign else {}
    watcher.on_look(signs, (), 0, 0)
    watcher.step(0)
    watcher.on_owner(0, "other", 0)
    for now in range(0, 60, 10):
        watcher.on_look(signs, (), now, now)
        step = watcher.step(now)
        while not isinstance(step, Wait):
            assert not isinstance(step, Begin), now
            if isinstance(step, Check):
                watcher.on_check({0: False}, now)
            elif isinstance(step, Relist):
                watcher.on_listing(np.zeros(1, np.bool_), {0: 1}, now, now)
            else:
                watcher.on_look(signs, (), now, now, claims={0: 1})
            step = watcher.step(now)
    watcher.on_look(signs, (), 60, 60)
    assert watcher.step(60) == Check((0,))
    watcher.on_check({0: False}, 60)
    assert watcher.step(60) == Begin(0, 2)
    watcher.on_refused(0, 60)  # another watcher was first
    assert watcher.step(60) in {Relist(), ReadClaim(0, 2)}


def test_a_unit_is_looked_up_after_its_owner_is_known_as_dead() -> None:
    """The owner may have done the unit after an earlier check, and then have ended."""
    watcher = claims(1, {0: 1})
    watcher.on_look({"other": "1"}, (), 0, 0)
    watcher.step(0)
    watcher.on_owner(0, "other", 0)
    watcher.on_check({0: False}, 1)
    watcher.on_look({}, ["other"], 2, 2)
    assert watcher.step(3) == Check((0,))
    watcher.on_check({0: True}, 3)
    assert watcher.step(3) is None


def test_a_sign_that_changes_keeps_its_claims_for_ever() -> None:
    watcher = claims(1, {0: 1})
    watcher.on_look({"other": "0"}, (), 0, 0)
    watcher.step(0)
    watcher.on_owner(0, "other", 0)
    for now in range(0, 10_000, 50):
        watcher.on_look({"other": str(now)}, (), now, now)
        assert not isinstance(watcher.step(now), Begin)


def test_the_last_units_are_raced_once_if_the_job_speculates() -> None:
    racer = claims(1, {0: 1}, speculate=True)
    racer.on_look({"other": "0"}, (), 0, 0)
    racer.step(0)
    racer.on_owner(0, "other", 0)
    for now in (0, 30, 60):
        racer.on_look({"other": str(now)}, (), now, now)
        assert not isinstance(racer.step(now), Begin)
    racer.on_look({"other": "61"}, (), 61, 61)
    assert racer.step(61) == Begin(0, 2)
    racer.on_refused(0, 61)
    racer.on_owner(0, "third", 61)
    assert not isinstance(racer.step(61), Begin)


@given(st.integers(1, 300), st.integers(1, 12))
def test_shares_of_all_runs_are_all_units_once(number: int, runs: int) -> None:
    spread = Spread(lambda: np.arange(number), np.ones(number, np.int64))
    names = [f"run-{run}" for run in range(runs)]
    shares = [spread.share(name, [n for n in names if n != name]) for name in names]
    assert sorted(np.concatenate(shares).tolist()) == list(range(number))


def test_the_largest_units_of_a_share_come_first() -> None:
    sizes = np.array([2**n for n in range(20)] * 5)
    spread = Spread(lambda: np.arange(100), sizes)
    share = spread.ordered("a", spread.share("a", ["b"]))
    assert np.all(np.diff(np.log2(sizes[share])) <= 0)
