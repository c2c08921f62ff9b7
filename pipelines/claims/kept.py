"""Claims of units that are done, which a run keeps for other runs that do not know it yet."""

from collections.abc import Callable

_AT_ONCE = 200  # claims that are deleted together, with one request in most buckets
_LONGEST = 20  # times the shortest time for which a claim is kept


class KeptClaims:
    """The claims of a run on units that are done, in the order in which the units were done."""

    def __init__(self, keep_seconds: float) -> None:
        """Keep each claim for `keep_seconds` at least."""
        self._keep = keep_seconds
        self._kept: list[tuple[float, int, int]] = []  # when, unit, number
        self._foreign: list[tuple[int, int]] = []  # of units outside of the run's share

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._kept or self._foreign)

    def add(self, unit: int, number: int, now: float) -> None:
        """Keep the claim of a unit that is done now."""
        self._kept.append((now, unit, number))

    def take_due(self, is_in_share: Callable[[int], bool], now: float) -> list[tuple[int, int]]:
        """Return claims to delete: many at once, or none; `is_in_share` is as of the last look.

        The claims of units outside of the run's share are kept on: the run to whose share a unit
        belongs does not look the unit up.
        """
        number = sum(at < now - self._keep for at, _, _ in self._kept[:_AT_ONCE])
        is_overdue = number and self._kept[0][0] < now - _LONGEST * self._keep
        return self._take(number, is_in_share) if number == _AT_ONCE or is_overdue else []

    def take_last(
        self, is_in_share: Callable[[int], bool], now: float, *, alone: bool
    ) -> list[tuple[int, int]]:
        """Return the claims that a run which ends may delete; if it is `alone`, all of them."""
        number = len(self._kept)
        if not alone:
            number = sum(at < now - self._keep for at, _, _ in self._kept)
        own = self._take(number, is_in_share)
        foreign = self._foreign if alone else []
        self._kept, self._foreign = [], []
        return own + foreign

    def _take(self, number: int, is_in_share: Callable[[int], bool]) -> list[tuple[int, int]]:
        taken = [(unit, claim) for _, unit, claim in self._kept[:number]]
        del self._kept[:number]
        self._foreign += [claim for claim in taken if not is_in_share(claim[0])]
        return [claim for claim in taken if is_in_share(claim[0])]
