"""A fixed split of the units of an output: `shardmill run --share 3/16`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.claims.spread import Spread
from pipelines.planning.plan import Plan
from schemas.errors import JobError
from schemas.sample import Unit
from schemas.units import Units


@dataclass(frozen=True)
class Share:
    """One of several shares, which begin with 1."""

    number: int
    shares: int

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Read a share such as 3/16; raise JobError for other texts."""
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if match and 1 <= int(match[1]) <= int(match[2]):
            return cls(int(match[1]), int(match[2]))
        raise JobError(f"--share: {text!r} is no share: write 3/16 for the third of 16")

    def of(self, plan: Plan, units: Sequence[Unit]) -> Units:
        """Return the units that belong to this share.

        All units of the plan are put in order, larger ones first and those of like size by their
        hashes, and dealt one by one. So shares follow from the manifest alone, whatever is done,
        and large units are spread evenly.
        """
        spread = Spread(lambda: np.arange(len(plan.units)), plan.units.sizes())
        order = spread.ordered("", np.arange(len(plan.units)))
        dealt = np.zeros(len(order), np.bool_)
        dealt[order[self.number - 1 :: self.shares]] = True
        given = Units.of(units)
        names = plan.units.names
        positions = [names.find(name) for name in given.column("name")]
        return given.take([at is not None and bool(dealt[at]) for at in positions])
