"""Which free unit a run takes next: the units of its own share first, then those of other runs."""

import numpy as np
import numpy.typing as npt

from pipelines.claims.spread import Positions, Spread

Mask = npt.NDArray[np.bool_]


class Order:
    """The order of a run's units, which follows from the runs that share the output.

    As long as no other run is known, it is the order that was given. Beside others, it is that of
    the run's share, and then that of the shares of others, from their ends.
    """

    def __init__(self, run: str, spread: Spread, given: Positions) -> None:
        """Begin with the order of a run that is alone."""
        self.others: frozenset[str] = frozenset()
        self.share: Mask = np.ones(len(given), np.bool_)
        """Whether each unit belongs to the run's own share."""
        self._run = run
        self._spread = spread
        self._given = given
        self._order = given
        self._at = 0

    def set_others(self, others: frozenset[str]) -> None:
        """Divide the units among this run and the others."""
        if others == self.others:
            return
        self.others, self._at = others, 0
        if not others:
            self._order = self._given
            self.share[:] = True
            return
        share = self._spread.share(self._run, others)
        self._order = self._spread.ordered(self._run, share)
        self.share[:] = False
        self.share[share] = True

    def next(self) -> int | None:
        """Return the present unit of the order; None at its end."""
        return int(self._order[self._at]) if self._at < len(self._order) else None

    def skip(self) -> None:
        """Go on to the next unit."""
        self._at += 1

    def restart(self, units: Positions) -> bool:
        """Begin again with these units, those of the share alone if there are any.

        Returns whether the units are those of other runs.
        """
        own = units[self.share[units]]
        is_helping = not len(own)
        self._at = 0
        if is_helping:
            self._order = self._spread.others_rests(self._run, sorted(self.others), units)
        else:
            self._order = self._spread.ordered(self._run, own)
        return is_helping
