"""The rules by which a run takes units beside other runs. Pure: time and answers are passed in.

A run claims a unit by creating `attempts/<unit>.<n>`, which names the run. Each run renews one sign
of life. A run whose sign has not changed for `claim_seconds` of the watcher's own clock is dead,
and its claim n is taken over by creating n + 1, which only one run can. No clocks are compared.

A claim only saves work: two runs that work on one unit commit the same bytes. A run keeps the
claims of units that it has done for half of `claim_seconds`, and those of units outside of its
share until it ends. So a run need not look a unit up before it begins it, if it listed the unit
within that time, or if the unit has been in its own share at each look since it was listed.

`step` says what to do next, and the other methods take what came of it. A run does these steps in
an output; a simulation does them in a model of a thousand machines.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pipelines.claims.order import Mask, Order
from pipelines.claims.signs import Signs
from pipelines.claims.spread import Positions, Spread, chance
from pipelines.claims.steps import Begin, Check, Look, ReadClaim, Relist, Step, Wait

FREE, MINE, HELD, DONE = range(4)  # states of units; MINE: in work here, HELD: claimed elsewhere

BEATS = 4  # signs of life in `claim_seconds`, and looks at those of other runs
_AT_ONCE = 64  # units that are looked up at once, and claims that are read soon
_NEVER = float("-inf")


class UnitClaims:
    """What a run knows of the claims in its output. Units are numbers from 0 on."""

    def __init__(
        self,
        run: str,
        spread: Spread,
        order: Positions,
        claims: Mapping[int, int],
        *,
        claim_seconds: float,
        listed: float,
        listing_cost: int = 1,
        alone: bool = False,
        speculate: bool = False,
        unchecked: bool = False,
    ) -> None:
        """Begin with what a listing that began at the time `listed` shows.

        `order` is that of the units as long as no other run is known, and `claims` has the highest
        number of a claim of the units that have one. `listing_cost` is the number of requests of a
        listing of the output. With `alone`, other runs have other units. With `speculate`, the last
        units are begun although another run works on them. With `unchecked`, whoever begins a unit
        looks it up first, so that the rules need not.
        """
        self.signs = Signs(claim_seconds)
        self._run = run
        self._order = Order(run, spread, order)
        # Units that were in the run's share at all looks since their last listing.
        self._trusted: Mask = np.ones(len(order), np.bool_)
        self._state: npt.NDArray[np.int8] = np.zeros(len(order), np.int8)
        self._numbers = dict(claims)  # the highest known claim of a unit
        self._owners: dict[int, str] = {}  # who made that claim, as far as it was read
        self._held: dict[int, float] = {}  # since when a unit is known as HELD
        self._raced: set[int] = set()
        self._dead: dict[str, float] = {}  # owners of claims -> since when they are known as dead
        self._claim_seconds = claim_seconds
        self._beat = claim_seconds / BEATS
        self._keep = claim_seconds / 2
        self._listed = listed
        self._looked = _NEVER
        self._polled = _NEVER
        self._checks_held = False  # the next step of a poll
        self._checked: dict[int, float] = {}
        self._listing_cost = listing_cost
        self._wasted = 0  # requests since the last listing that met the work of others
        self._alone = alone
        self._speculate = speculate
        self._unchecked = unchecked
        for unit in sorted(claims, key=claims.__getitem__):  # fewest attempts first
            self._hold(unit, listed)

    def step(self, now: float) -> Step | None:
        """Return what to do next; None if every unit is done, or in work here."""
        # A listing of many signs costs more, and is made less often.
        if now - self._looked >= self._beat * min(2, 1 + len(self.members) // 100):
            return Look()
        unit = self._next_free(now)
        if self._wasted >= self._listing_cost:
            return Relist()
        return self._next_held(now) if unit is None else self._begin_or_check(unit, now)

    @property
    def held(self) -> Sequence[int]:
        """The units that other runs have claimed, and that are not known to be done."""
        return list(self._held)

    @property
    def members(self) -> frozenset[str]:
        """The other runs that seem to be alive."""
        return self._order.others

    def is_in_share(self, unit: int) -> bool:
        """Return whether a unit belongs to this run's share, by the last look.

        With `unchecked` units, the run makes no looks while it works: none belongs to its share.
        """
        return not self._unchecked and bool(self._order.share[unit])

    def owner(self, unit: int) -> str:
        """Return the run that holds a unit; an empty text if it is not known."""
        return self._owners.get(unit, "")

    def count(self, state: int) -> int:
        """Return the number of units in a state."""
        return int((self._state == state).sum())

    def _begin_or_check(self, unit: int, now: float) -> Step:
        if self._unchecked:
            return self._begin(unit)
        known_since = max(self._listed, self._checked.get(unit, _NEVER))
        if self._trusted[unit]:
            known_since = max(known_since, self._looked)
        if self._alone or now - known_since <= self._keep:
            return self._begin(unit)
        return Check((unit,))

    def _begin(self, unit: int) -> Begin:
        self._held.pop(unit, None)
        self._state[unit] = MINE
        self._numbers[unit] = self._numbers.get(unit, 0) + 1
        self._owners[unit] = self._run
        return Begin(unit, self._numbers[unit])

    def _next_free(self, now: float) -> int | None:
        is_free = self._state.__getitem__
        while (unit := self._order.next()) is not None:
            if is_free(unit) == FREE:
                return unit
            self._order.skip()
        free = np.flatnonzero(self._state == FREE)
        if not len(free):
            return None
        if self._order.restart(free) and now - self._listed > self._claim_seconds:
            self._wasted = self._listing_cost  # others have done much of the rest: list it
        return self._order.next()

    def _next_held(self, now: float) -> Step | None:
        if not self._held:
            return None
        for unit, since in self._held.items():
            owner = self._owners.get(unit)
            if owner is None:
                if self._reads_claim(unit, now - since):
                    return ReadClaim(unit, self._numbers[unit])
            elif owner == self._run or self.signs.is_dead(owner, now):
                # Its owner may have done the unit just before it died.
                known_since = max(self._dead.setdefault(owner, now), now - self._beat)
                is_fresh = self._checked.get(unit, _NEVER) >= known_since
                return self._begin(unit) if is_fresh else Check((unit,))
            else:
                self._dead.pop(owner, None)
        if self._speculate and (last := self._held_for_long(now)) is not None:
            self._raced.add(last)
            return self._begin(last)
        return self._poll(now)

    def _reads_claim(self, unit: int, seconds: float) -> bool:
        """Return whether to read who holds a unit since so many seconds.

        The run to whose share the unit belongs reads it at once. Others wait, so that one read is
        enough in most cases.
        """
        if self._order.share[unit]:
            return True
        if seconds <= self._claim_seconds:
            return False
        patience = min(8.0, len(self.members) / 16) * chance(self._run, unit)
        return seconds > self._claim_seconds * (1 + patience)

    def _poll(self, now: float) -> Step:
        """Look again, from time to time, what became of the units that others hold."""
        if self._checks_held:
            self._checks_held = False
            units = sorted(self._held, key=lambda unit: self._checked.get(unit, _NEVER))
            return Check(tuple(units[:_AT_ONCE]))
        pause = min(self._claim_seconds, self._beat * (1 + len(self.members) / 32))
        if now - self._polled < pause:
            seconds = min(self._polled + pause, self._looked + self._beat) - now
            return Wait(max(seconds, self._beat / 100))  # which advances every clock
        self._polled = now
        if self._listing_cost <= len(self._held):
            return Relist()
        self._checks_held = True
        return Look(claims=True)

    def _held_for_long(self, now: float) -> int | None:
        """Return a unit that one other run has held for long, and that no third run works on."""
        for unit, since in self._held.items():
            is_first = self._numbers[unit] == 1 and unit not in self._raced
            if is_first and now - since > self._claim_seconds:
                return unit
        return None

    def _hold(self, unit: int, now: float) -> None:
        self._state[unit] = HELD
        self._trusted[unit] = False
        self._held.setdefault(unit, now)

    def _free(self, unit: int) -> None:
        self._state[unit] = FREE
        self._held.pop(unit, None)
        self._owners.pop(unit, None)

    def on_done(self, unit: int) -> None:
        """Note that a unit is committed whole, or reported failed, here or elsewhere."""
        self._state[unit] = DONE
        self._held.pop(unit, None)

    def on_look(
        self,
        signs: Mapping[str, str],
        dead_here: Collection[str],
        started: float,
        now: float,
        *,
        failed: Iterable[int] = (),
        claims: Mapping[int, int] | None = None,
        has_ended: bool = False,
    ) -> None:
        """Take what a Look saw between `started` and `now`.

        `signs` are those of other runs; `failed` are units that other runs reported failed;
        `has_ended` says that a run has ended since the first listing.
        """
        self.signs.look(signs, frozenset(dead_here), started, now)
        self._looked = started
        for unit in failed:
            if self._state[unit] != MINE:
                self.on_done(unit)
        if claims is not None:
            for unit in list(self._held):
                self._see_claim(unit, claims.get(unit), now)
        if has_ended:
            self._wasted = self._listing_cost
        if self._alone:
            return
        self._order.set_others(self.signs.alive())
        self._trusted &= self._order.share & (not self.signs.missed)

    def _see_claim(self, unit: int, number: int | None, now: float) -> None:
        if number is None:  # released, or done
            self._free(unit)
        elif number != self._numbers.get(unit) or self._state[unit] != HELD:
            self._numbers[unit] = number
            self._owners.pop(unit, None)
            self._hold(unit, now)

    def on_listing(
        self, done: npt.NDArray[np.bool_], claims: Mapping[int, int], started: float, now: float
    ) -> None:
        """Take what a Relist saw: which units are done, and the highest claims of units."""
        self._listed, self._wasted = started, 0
        self._state[done & (self._state != MINE)] = DONE
        self._trusted[:] = self._order.share
        for unit in [unit for unit in self._held if done[unit]]:
            del self._held[unit]
        for unit in {*self._held, *claims}:
            if self._state[unit] in (FREE, HELD):
                self._see_claim(unit, claims.get(unit), now)

    def on_check(self, done: Mapping[int, bool], now: float) -> None:
        """Take what a Check saw: whether each unit is done."""
        for unit, is_done in done.items():
            self._checked[unit] = now
            if is_done and self._state[unit] != MINE:
                self._wasted += self._state[unit] == FREE
                self.on_done(unit)

    def on_owner(self, unit: int, owner: str | None, now: float) -> None:
        """Take what a ReadClaim saw: the run, "" for nobody, None if the claim is gone."""
        if self._state[unit] == HELD and owner is None:
            self._numbers[unit] -= 1
            self._free(unit)
        elif self._state[unit] == HELD and owner is not None:
            self._owners[unit] = owner

    def on_refused(self, unit: int, now: float) -> None:
        """Note that another run had created the claim of a Begin first."""
        self._wasted += 1
        self._owners.pop(unit, None)
        self._hold(unit, now)
