"""The job file's `drift`: how later answers are compared with those of the first units."""

from pydantic import Field

from schemas.frozen import Frozen


class DriftSettings(Frozen):
    """How the answers of each unit are compared with those of the first units.

    Lengths, languages, refusals, repetition and empty answers are compared, and a run warns of a
    change.
    """

    units: int = Field(20, ge=10, le=1000)
    """The first units, with which later ones are compared."""
    stop: bool = False
    """Whether a change also stops the run, with exit code 3."""
    false_alarms: float = Field(0.01, gt=0, le=0.5)
    """The largest probability of a warning without a change, if the order of units is random."""
    min_share: float = Field(0.02, ge=0, le=1)
    """The smallest change of a share of answers that counts, such as 0.02 for 2 % more refusals."""
    min_length: float = Field(0.1, ge=0, le=10)
    """The smallest change of the mean length that counts, as a share of the length before."""
