"""What a run counts of its claims, for its metrics."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

ClaimResult = Literal["new", "again", "refused"]
CLAIM_RESULTS: tuple[ClaimResult, ...] = ("new", "again", "refused")


@dataclass
class ClaimCounts:
    """Counts of one run; the thread that gives out units changes them."""

    results: Counter[ClaimResult] = field(default_factory=Counter)
    """The claims of this run on units that have ended here, and its refused claims.

    `again` are claims on units with an earlier attempt, mostly of a run that died.
    """
    held: set[str] = field(default_factory=set)
    """The units that this run holds by claims now; with Beam, those given to the pipeline."""
    elsewhere: int = 0
    """The units that other runs have claimed, as far as this run knows."""
    other_runs: int = 0
    """The other runs that seem to be alive."""
