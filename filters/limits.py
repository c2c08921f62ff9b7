"""The limits of a score: the values from which a filter rejects, as `calibrate` needs them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Side = Literal["higher", "lower"]


class Limit(NamedTuple):
    """A threshold of a filter: which values of a score it rejects."""

    field: str  # of the filter, as the job file names it
    value: float
    action: Literal["drop", "quarantine"]
    worse: Side = "higher"  # the side that is rejected
    inclusive: bool = True  # whether the value itself is rejected


def drop_and_quarantine_at(
    score: str,
    drop_at: float | Mapping[str, float] | None,
    quarantine_at: float | Mapping[str, float] | None,
) -> tuple[Limit, ...]:
    """Return the limits of a score that is worse the higher it is.

    A number holds for every score, and a mapping for the scores that it names.
    """
    drop, quarantine = (
        given.get(score) if isinstance(given, Mapping) else given
        for given in (drop_at, quarantine_at)
    )
    limits = () if drop is None else (Limit("drop_at", drop, "drop"),)
    if quarantine is None:
        return limits
    return (*limits, Limit("quarantine_at", quarantine, "quarantine"))


def lowest(field: str, value: float | None) -> tuple[Limit, ...]:
    """Return the limit of a score whose lower values are dropped; `value` itself is kept."""
    return () if value is None else (Limit(field, value, "drop", "lower", inclusive=False),)


def highest(field: str, value: float | None) -> tuple[Limit, ...]:
    """Return the limit of a score whose higher values are dropped; `value` itself is kept."""
    return () if value is None else (Limit(field, value, "drop", "higher", inclusive=False),)
