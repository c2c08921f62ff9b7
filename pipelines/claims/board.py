"""What a run sees and does in an output's storage for its claims."""

import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.claims.run_claims import Claim, find_claim
from pipelines.output.active_runs import read_heartbeat
from pipelines.output.listing import classify_files
from pipelines.output.unit_progress import UnitProgress, find_unit_progress, next_files
from pipelines.planning.plan import Plan
from pipelines.storage.storage import Storage
from schemas.sample import Unit
from schemas.units import Units

_MANY = 64  # signs of life, of which none is read


class Sight(NamedTuple):
    """What a look saw; units are numbers."""

    signs: dict[str, str]
    dead_here: frozenset[str]
    failed: list[int]
    claims: dict[int, int] | None
    has_ended: bool


class Board:
    """The signs, claims and files of other runs in an output."""

    def __init__(self, plan: Plan, units: Units, storage: Storage, run: str) -> None:
        self._layout = plan.work.layout
        self._units = units
        self._storage = storage
        self._run = run
        self._listing = plan.listing
        self._max_samples = plan.work.job.input.max_samples_per_file
        self._progress: dict[str, UnitProgress] = {}  # newer than the listing
        self._owners: dict[str, Claim] = {}  # by run
        self._read: set[str] = set()  # runs whose sign was read
        self._failed_before = plan.listing.failed
        self._failures: dict[str, str] | None = None  # path -> version, of the first look
        self._ended = set(plan.listing.runs)  # runs that wrote a summary, their last act
        self._keep = plan.work.job.runner.claim_seconds / 2
        self._looked: float | None = None
        self._seen: set[str] = set()  # runs that gave signs of life

    def progress_of(self, unit: Unit) -> UnitProgress:
        """Return how much of a unit is committed, as far as this run knows."""
        return self._progress.pop(unit.name, None) or self._listing.progress_of(unit.name)

    def look(self, with_claims: bool = False) -> Sight:
        """List signs of life, and what other runs reported."""
        signs = self._signs()
        if len(signs) <= _MANY:
            for run in signs.keys() - self._read:
                self._read_sign(run)
        has_ended = self._run != "" and self._has_ended()
        self._seen |= signs.keys()
        dead = {run for run, owner in self._owners.items() if owner.has_ended_here()}
        return Sight(
            signs,
            frozenset(dead | self._ended),
            self._failed_elsewhere() if signs else [],
            self._list_claims() if with_claims else None,
            has_ended,
        )

    def _has_ended(self) -> bool:
        """Return whether a run has ended that gave a sign of life at no look.

        Between looks that follow soon, such a run deletes no claim.
        """
        now, before = time.monotonic(), self._looked
        self._looked = now
        if before is not None and now - before <= self._keep:
            return False
        ended = self._names(self._layout.runs, ".record").keys() - self._ended
        self._ended |= ended
        return bool(ended - self._seen - {self._run})

    def is_alone(self) -> bool:
        """Return whether no other run gives signs of life."""
        return not self._signs()

    def _signs(self) -> dict[str, str]:
        signs = self._names(self._layout.heartbeats, ".record") if self._run else {}
        signs.pop(self._run, None)
        return signs

    def _names(self, folder: str, ending: str) -> dict[str, str]:
        """Return the version of each file of a folder, by its name without the ending."""
        entries = self._storage.list(folder, recursive=False)
        names = {entry.path.rpartition("/")[2]: entry.version for entry in entries}
        return {
            name.removesuffix(ending): version
            for name, version in names.items()
            if name.endswith(ending)
        }

    def _read_sign(self, run: str) -> None:
        self._read.add(run)
        sign = read_heartbeat(self._layout.heartbeat(run), self._storage)
        if sign is not None:
            self._owners[run] = Claim(
                run=run, host=sign.host, machine=sign.machine, process=sign.identity
            )

    def _failed_elsewhere(self) -> list[int]:
        """Return the units that other runs reported failed since the plan."""
        folder = f"{self._layout.failures}/"
        reports = {
            entry.path.removeprefix(folder).removesuffix(".record"): entry.version
            for entry in self._storage.list(self._layout.failures)
        }
        if self._failures is None:
            self._failures = {n: v for n, v in reports.items() if n in self._failed_before}
        new = (name for name, version in reports.items() if self._failures.get(name) != version)
        return [position for name in new if (position := self._position(name)) is not None]

    def _position(self, name: str) -> int | None:
        return self._units.names.find(name)

    def _list_claims(self) -> dict[int, int]:
        folder, claims = f"{self._layout.attempts}/", dict[int, int]()
        for entry in self._storage.list(self._layout.attempts):
            name, _, number = entry.path.removeprefix(folder).rpartition(".")
            position = self._position(name) if number.isdecimal() else None
            if position is not None:
                claims[position] = max(int(number), claims.get(position, 0))
        return claims

    def relist(self) -> tuple[npt.NDArray[np.bool_], dict[int, int]]:
        """List the output; return which units are done, and the highest claim of each unit."""
        entries = self._storage.list(self._layout.root)
        self._listing = classify_files(self._layout, entries, self._units.names)
        self._progress.clear()
        self._ended.update(self._listing.runs)
        done = self._listing.complete.copy()
        if self._failures is not None:
            done[self._failed_elsewhere()] = True
        found = ((self._position(unit), n) for unit, n in self._listing.attempts.items())
        return done, {position: n for position, n in found if position is not None}

    def is_done(self, position: int) -> bool:
        """Look up whether a unit is committed whole, with few requests."""
        unit = self._units[position]
        known = self._listing.progress_of(unit.name)
        if any(map(self._exists, next_files(unit, known.parts, self._max_samples))):
            progress = find_unit_progress(unit.name, self._layout, self._storage)
            self._progress[unit.name] = progress
            return progress.complete
        return False

    def _exists(self, name: str) -> bool:
        return self._storage.entry(self._layout.file(name)) is not None

    def owner(self, position: int, number: int) -> str | None:
        """Return the run that made a claim; "" if it names nobody, None if it is gone."""
        path = self._layout.attempt(self._units[position].name, number)
        claim = find_claim(path, self._storage)
        if claim is not None and claim.run:
            self._owners.setdefault(claim.run, claim)
        return claim.run if claim else None

    def delete_claims(self, claims: Sequence[tuple[str, int]]) -> None:
        """Delete these claims, and earlier ones of the same units."""
        self._storage.delete_many(
            self._layout.attempt(unit, n) for unit, number in claims for n in range(1, number + 1)
        )
