"""Gives a run one unit after another beside other runs, by the steps of the rules."""

import time
from collections.abc import Sequence

import numpy as np

from pipelines.annotation.worker_faults import worker_faults
from pipelines.claims.board import Board
from pipelines.claims.claim_counts import ClaimResult
from pipelines.claims.kept import KeptClaims
from pipelines.claims.protocol import FREE, UnitClaims
from pipelines.claims.run_claims import RunClaims
from pipelines.claims.spread import Positions, Spread
from pipelines.claims.steps import Begin, Check, Look, ReadClaim, Relist, Step, Wait
from pipelines.output.unit_progress import UnitProgress
from pipelines.planning.plan import Plan
from pipelines.storage.storage import Storage
from schemas.counted import counted
from schemas.sample import Unit
from schemas.units import Units

_FILES_A_REQUEST = 1000  # of a listing


class UnitSource:
    """The units of a run that it may begin next, and the claims that it has made."""

    def __init__(
        self,
        plan: Plan,
        units: Sequence[Unit],
        storage: Storage,
        claims: RunClaims,
        *,
        largest_first: bool,
        unchecked: bool = False,
    ) -> None:
        """Take the units of a run, which are some of the plan's.

        As long as no other run is known, they are given in the order of their names or sizes. With
        `unchecked`, whoever begins a unit looks up first whether it is done.
        """
        settings = plan.work.job.runner
        self.content = claims.content
        self._units = Units.of(units).sorted()
        self._plan = plan
        self._given = claims
        self._board = Board(plan, self._units, storage, claims.run)
        attempts = plan.listing.attempts
        found = ((self._units.names.find(name), number) for name, number in attempts.items())
        sizes = self._units.sizes()
        order = np.argsort(-sizes, kind="stable") if largest_first else np.arange(len(sizes))
        self._claims = UnitClaims(
            claims.run,
            Spread(self._numbers, sizes),
            order,
            {position: number for position, number in found if position is not None},
            claim_seconds=settings.claim_seconds,
            listed=claims.listed,
            listing_cost=2 + len(plan.units) // _FILES_A_REQUEST,
            alone=claims.alone or not claims.run,
            speculate=settings.speculate,
            unchecked=unchecked,
        )
        self._kept = KeptClaims(settings.claim_seconds / 2)
        self._has_told = False
        if claims.run:
            claims.closers.append(self.close)

    def _numbers(self) -> Positions:
        """Return the positions of the units in the manifest, which all runs know."""
        names = self._plan.units.names
        found = (names.find(name) for name in self._units.column("name"))
        return np.array([0 if position is None else position for position in found], np.int64)

    def __len__(self) -> int:
        """Return the number of units that this run may still begin."""
        held = len(self._claims.held) if self._given.waits else 0
        return self._claims.count(FREE) + held

    def next(self) -> tuple[Unit, UnitProgress, int] | float | None:
        """Return a unit, its progress and the number of earlier attempts.

        Returns seconds to wait if other runs hold what is left, and None if nothing is left. The
        caller creates the claim, which is the marker of the next attempt.
        """
        with worker_faults():
            while not isinstance(step := self._claims.step(time.monotonic()), Begin | Wait | None):
                self._do(step)
            self.delete_old_claims()
        if isinstance(step, Begin):
            unit = self._units[step.unit]
            self._given.counts.held.add(unit.name)
            return unit, self._board.progress_of(unit), step.number - 1
        if step is None or not self._given.waits:
            return None
        if not self._has_told:
            self._has_told = True
            self._given.on_wait(self._waiting_line())
        return step.seconds

    def _do(self, step: Step) -> None:
        started = time.monotonic()
        if isinstance(step, Look):
            seen = self._board.look(with_claims=step.claims)
            self._claims.on_look(
                seen.signs,
                seen.dead_here,
                started,
                time.monotonic(),
                failed=seen.failed,
                claims=seen.claims,
                has_ended=seen.has_ended,
            )
        elif isinstance(step, Relist):
            done, claims = self._board.relist()
            self._claims.on_listing(done, claims, started, time.monotonic())
        elif isinstance(step, Check):
            checked = {unit: self._board.is_done(unit) for unit in step.units}
            self._claims.on_check(checked, time.monotonic())
        elif isinstance(step, ReadClaim):
            owner = self._board.owner(step.unit, step.number)
            self._claims.on_owner(step.unit, owner, time.monotonic())
        counts = self._given.counts
        counts.elsewhere, counts.other_runs = len(self._claims.held), len(self._claims.members)

    def _waiting_line(self) -> str:
        held = self._claims.held
        runs = sorted({self._claims.owner(unit) for unit in held} - {""})
        first = self._units[held[0]].name
        return (
            f"waiting for {counted(len(held), 'shard')} that other runs work on, such as {first} "
            f"({', '.join(runs[:3]) or 'a run'}): taken over if their run dies"
        )

    def done(self, unit: Unit, attempt: int) -> None:
        """Note that this run has done a unit, or reported it failed, with this attempt."""
        position = self._units.names.find(unit.name)
        assert position is not None
        self._claims.on_done(position)
        self._count(unit, "new" if attempt == 1 else "again")
        if self.content:  # else the worker has deleted its marker
            self._kept.add(position, attempt, time.monotonic())

    def taken(self, unit: Unit) -> None:
        """Note that another run has made the claim of a unit first."""
        position = self._units.names.find(unit.name)
        assert position is not None
        self._claims.on_refused(position, time.monotonic())
        self._count(unit, "refused")

    def _count(self, unit: Unit, result: ClaimResult) -> None:
        counts = self._given.counts
        counts.results[result] += 1
        counts.held.discard(unit.name)

    def delete_old_claims(self) -> None:
        """Delete claims of units that are done and that were kept long enough, many at a time."""
        self._delete(self._kept.take_due(self._claims.is_in_share, time.monotonic()))

    def _delete(self, claims: Sequence[tuple[int, int]]) -> None:
        if claims:
            self._board.delete_claims([(self._units[unit].name, n) for unit, n in claims])

    def close(self) -> None:
        """Delete the claims of units that are done, as far as no other run may rely on them.

        The summary of the run must be written before: it tells runs that begin now to list again.
        """
        is_alone = not self._kept or self._board.is_alone()
        is_in_share = self._claims.is_in_share
        self._delete(self._kept.take_last(is_in_share, time.monotonic(), alone=is_alone))
