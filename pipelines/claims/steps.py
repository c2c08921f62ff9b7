"""The steps that the rules of claims ask for."""

from typing import NamedTuple


class Look(NamedTuple):
    """List the signs of life; with `claims`, list all claims too."""

    claims: bool = False


class Relist(NamedTuple):
    """List the whole output: its files and its claims."""


class Check(NamedTuple):
    """Look up how much of these units is committed."""

    units: tuple[int, ...]


class ReadClaim(NamedTuple):
    """Read which run made a claim."""

    unit: int
    number: int


class Begin(NamedTuple):
    """Create a claim, and work on its unit."""

    unit: int
    number: int


class Wait(NamedTuple):
    """Ask again after so many seconds: other runs hold what is left."""

    seconds: float


Step = Look | Relist | Check | ReadClaim | Begin | Wait
