"""Signs of life, and since when each is unchanged by the watcher's own clock."""

from collections.abc import Mapping, Set


class Signs:
    """The signs of life of other runs. A sign is any text that changes as long as its run lives."""

    def __init__(self, claim_seconds: float) -> None:
        """Take a run for dead when its sign has not changed for `claim_seconds`."""
        self.missed = False  # a run came and died between the last two looks
        self._claim_seconds = claim_seconds
        self._signs: Mapping[str, str] | None = None  # of the last look
        self._since: dict[str, float] = {}  # run -> when its present sign was first seen
        self._looked = 0.0  # begin of the last look
        self._dead_here: frozenset[str] = frozenset()

    def look(
        self, signs: Mapping[str, str], dead_here: Set[str], started: float, now: float
    ) -> None:
        """Take the signs that a look between `started` and `now` saw.

        `dead_here` has the runs of this machine whose processes are known to have ended.
        """
        before = self._signs or {}
        for run, sign in signs.items():
            if before.get(run) != sign:
                self._since[run] = now
        is_first = self._signs is None
        self.missed = not is_first and any(run not in before for run in dead_here & signs.keys())
        for run in before.keys() - signs.keys():
            self._since[run] = now
        self._signs, self._looked, self._dead_here = signs, started, frozenset(dead_here)

    def is_dead(self, run: str, now: float) -> bool:
        """Return whether a run gives no sign of life; a run without a sign is watched too.

        A claim that names nobody has a dead owner.
        """
        if not run or run in self._dead_here:
            return True
        since = self._since.setdefault(run, now)
        return self._looked - since >= self._claim_seconds

    def alive(self) -> frozenset[str]:
        """Return the runs with signs that are not known to be dead."""
        latest = self._looked - self._claim_seconds
        signs = self._signs or {}
        since = self._since
        return frozenset([run for run in signs if since[run] > latest]) - self._dead_here
