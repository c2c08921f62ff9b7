"""A model of many machines that share the units of one output; time and storage are simulated.

The machines run the rules of `pipelines/claims/protocol.py`. They have clocks of their own, are
preempted with and without a warning, and their requests take long now and then.
"""

import heapq
import random
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from pipelines.claims.kept import KeptClaims
from pipelines.claims.protocol import BEATS, DONE, MINE, UnitClaims
from pipelines.claims.spread import Spread
from pipelines.claims.steps import Begin, Check, Look, ReadClaim, Relist, Wait

# Creations, refused ones too; reads of claims; units that are looked up; deletions; listings of the
# output after the plan.
CLAIM_REQUESTS = ("create", "readclaim", "check", "delete", "relist")
Process = Generator[float, None, None]  # yields seconds to wait


@dataclass(frozen=True)
class Conditions:
    """What the machines have to bear; times are in seconds."""

    workers: int
    units: int
    unit_seconds: float = 60.0
    claim_seconds: float = 60.0
    life_seconds: float = 7200.0  # mean time until a preemption
    warned: float = 0.7  # share of the preemptions that a SIGTERM precedes
    slow: float = 0.05  # share of the machines whose requests take seconds
    skew: float = 600.0  # clocks differ by so much, and run wrong by up to 1 %
    speculate: bool = False
    start_seconds: float = 60.0  # machines start within it


@dataclass
class Store:
    """The objects of an output that matter for claims."""

    claims: dict[int, dict[int, str]] = field(default_factory=dict)
    done: np.ndarray = field(default_factory=lambda: np.zeros(0, np.bool_))
    signs: dict[str, str] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)  # by kind

    def claim_requests(self) -> int:
        """Return the requests for claims: what grows with units, and not with time.

        Signs of life and looks at them are bounded by time, and each run plans once.
        """
        return sum(self.requests[kind] for kind in CLAIM_REQUESTS)

    def highest(self) -> dict[int, int]:
        return {unit: max(numbers) for unit, numbers in self.claims.items() if numbers}

    def delete_claims(self, unit: int, upto: int) -> None:
        numbers = self.claims.get(unit, {})
        for number in [number for number in numbers if number <= upto]:
            del numbers[number]
        if not numbers:
            self.claims.pop(unit, None)


class Simulation:
    """Runs until all units are done; counts what was worked for nothing."""

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self.conditions = conditions
        self._chance = random.Random(seed)
        self.now = 0.0
        self._events: list[tuple[float, int, Process]] = []
        self._serial = count()
        sizes = [self._chance.lognormvariate(0, 0.5) for _ in range(conditions.units)]
        self._seconds = [size * conditions.unit_seconds for size in sizes]
        self.spread = Spread(
            lambda: np.arange(conditions.units), np.array([int(size * 1e6) for size in sizes])
        )
        self.store = Store(done=np.zeros(conditions.units, np.bool_))
        self.worked = self.doubled = self.lost = 0.0
        self.units_doubled = self.deaths = 0
        self.ended: list[int] = []  # units not DONE in the knowledge of a machine that ended
        self._left = conditions.units

    def run(self, latest: float = 1e7) -> None:
        """Simulate until nothing happens any more; AssertionError if that takes too long."""
        for _ in range(self.conditions.workers):
            delay = self._chance.uniform(0, self.conditions.start_seconds)
            self._start(Machine(self, self._chance.getrandbits(64)), delay)
        while self._events:
            self.now, _, process = heapq.heappop(self._events)
            assert self.now < latest, "the simulation does not end"
            delay = next(process, None)
            if delay is not None:
                heapq.heappush(self._events, (self.now + delay, next(self._serial), process))

    def _start(self, machine: "Machine", delay: float) -> None:
        heapq.heappush(self._events, (self.now + delay, next(self._serial), machine.life()))

    def spawn(self, process: Process) -> None:
        heapq.heappush(self._events, (self.now, next(self._serial), process))

    def replace(self) -> None:
        """Start another machine in place of one that died."""
        self.deaths += 1
        if self._left:
            self._start(Machine(self, self._chance.getrandbits(64)), self._chance.uniform(20, 200))

    def seconds(self, unit: int) -> float:
        return self._seconds[unit]

    def commit(self, unit: int, seconds: float) -> None:
        self.worked += seconds
        if self.store.done[unit]:
            self.doubled += seconds
            self.units_doubled += 1
            return
        self.store.done[unit] = True
        self._left -= 1

    @property
    def wasted(self) -> float:
        """The share of all work that was lost or done twice."""
        return (self.doubled + self.lost) / (self.worked + self.lost)


class Machine:
    """One run; its `life` is a process of the simulation."""

    def __init__(self, simulation: Simulation, number: int) -> None:
        self._chance = random.Random(number)
        self._simulation = simulation
        self._conditions = simulation.conditions
        self._run = f"{number:016x}"
        self._offset = self._chance.uniform(-1, 1) * self._conditions.skew
        self._rate = self._chance.uniform(0.99, 1.01)
        self._is_slow = self._chance.random() < self._conditions.slow
        self._dies = simulation.now + self._chance.expovariate(1 / self._conditions.life_seconds)
        self._is_warned = self._chance.random() < self._conditions.warned
        self._alive = True
        self._kept = KeptClaims(self._conditions.claim_seconds / 2)

    def _clock(self) -> float:
        return self._simulation.now * self._rate + self._offset

    def _latency(self, kind: str = "", number: int = 1) -> float:
        """Return how long a request takes; count `number` requests of a kind."""
        if kind:
            self._simulation.store.requests[kind] += number
        if self._is_slow and self._chance.random() < 0.2:
            return self._chance.uniform(1, 20)
        return self._chance.lognormvariate(-3, 0.5)

    def _beats(self) -> Process:
        """Renew the sign of life."""
        for beat in count():
            yield self._latency("sign")
            if not self._alive:
                return
            self._simulation.store.signs[self._run] = str(beat)
            yield self._conditions.claim_seconds / BEATS / self._rate

    def life(self) -> Process:
        simulation, store = self._simulation, self._simulation.store
        simulation.spawn(self._beats())
        listed = self._clock()
        yield self._latency("plan", 1 + self._conditions.units // 1000)
        done, claims = store.done.copy(), store.highest()
        units = np.arange(self._conditions.units)
        mine = UnitClaims(
            self._run,
            simulation.spread,
            simulation.spread.ordered("", units),
            {unit: number for unit, number in claims.items() if not done[unit]},
            claim_seconds=self._conditions.claim_seconds,
            listed=listed,
            listing_cost=1 + self._conditions.units // 1000,
            speculate=self._conditions.speculate,
        )
        for unit in np.flatnonzero(done).tolist():
            mine.on_done(unit)
        while (step := mine.step(self._clock())) is not None:
            if simulation.now >= self._dies:
                break
            if isinstance(step, Wait):
                yield step.seconds / self._rate
            elif isinstance(step, Begin):
                self._delete(self._kept.take_due(mine.is_in_share, self._clock()))
                yield from self._work(mine, step)
            else:
                yield from self._ask(mine, step)
        self._end(mine)

    def _ask(self, mine: UnitClaims, step: Look | Relist | Check | ReadClaim) -> Process:
        store, started = self._simulation.store, self._clock()
        kind = type(step).__name__.lower()
        number = len(step.units) if isinstance(step, Check) else 1
        number += self._conditions.units // 1000 * isinstance(step, Relist)
        number += isinstance(step, Look) and step.claims
        yield self._latency(kind, number) / 2
        if isinstance(step, Look):
            signs = {run: sign for run, sign in store.signs.items() if run != self._run}
            claims = store.highest() if step.claims else None
            yield self._latency() / 2
            mine.on_look(signs, (), started, self._clock(), claims=claims)
        elif isinstance(step, Relist):
            done, claims = store.done.copy(), store.highest()
            yield self._latency() / 2
            mine.on_listing(done, claims, started, self._clock())
        elif isinstance(step, Check):
            checked = {unit: bool(store.done[unit]) for unit in step.units}
            yield self._latency() / 2
            mine.on_check(checked, self._clock())
        else:
            owner = store.claims.get(step.unit, {}).get(step.number)
            yield self._latency() / 2
            mine.on_owner(step.unit, owner, self._clock())

    def _work(self, mine: UnitClaims, step: Begin) -> Process:
        simulation, store = self._simulation, self._simulation.store
        yield self._latency("create")
        numbers = store.claims.setdefault(step.unit, {})
        if step.number in numbers:
            store.requests["refused"] += 1
            mine.on_refused(step.unit, self._clock())
            return
        numbers[step.number] = self._run
        seconds = simulation.seconds(step.unit)
        if simulation.now + seconds > self._dies:
            worked = max(0.0, self._dies - simulation.now)
            simulation.lost += worked
            yield worked
            if self._is_warned:
                store.requests["delete"] += 1
                numbers.pop(step.number, None)
            return
        yield seconds
        simulation.commit(step.unit, seconds)
        yield self._latency()
        mine.on_done(step.unit)
        self._kept.add(step.unit, step.number, self._clock())

    def _delete(self, claims: list[tuple[int, int]]) -> None:
        if claims:
            self._simulation.store.requests["delete"] += 1
            for unit, number in claims:
                self._simulation.store.delete_claims(unit, number)

    def _end(self, mine: UnitClaims) -> None:
        simulation = self._simulation
        self._alive = False
        is_killed = simulation.now >= self._dies
        if is_killed:
            simulation.replace()
        else:
            simulation.ended.append(self._conditions.units - mine.count(DONE) - mine.count(MINE))
        if not is_killed or self._is_warned:
            claims = self._kept.take_last(mine.is_in_share, self._clock(), alone=False)
            self._delete(claims)
            simulation.store.signs.pop(self._run, None)
