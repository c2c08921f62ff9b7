"""Says in lines for people which shards of a corpus are new, and which are gone."""

from collections.abc import Sequence

from pipelines.planning.grown_input import Growth
from schemas.counted import counted

_MAX_NAMES = 3  # shards that a line names


def growth_lines(growth: Growth) -> list[str]:
    """Return a line about each difference between a corpus and its output."""
    lines = []
    if growth.added:
        lines.append(f"{counted(growth.added, 'new shard')} added")
    if growth.waiting:
        lines.append(waiting_line(growth.waiting, growth.waits_for))
    if growth.missing:
        lines.append(missing_line(growth.missing))
    return lines


def waiting_line(number: int, waits_for: str = "") -> str:
    """Say how many shards wait, and what adds them; `waits_for` is an output that goes first."""
    waits = f"{counted(number, 'new shard')} {'waits' if number == 1 else 'wait'}"
    if waits_for:
        return f"{waits} until {waits_for} has done them: run with --extend then"
    return f"{waits}: run with --extend"


def missing_line(names: Sequence[str]) -> str:
    """Say which shards are gone, and what drops their rows."""
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return (
        f"{counted(len(names), 'shard')} {'is' if len(names) == 1 else 'are'} gone, or not named "
        f"any more: {', '.join(names[:_MAX_NAMES])}{more}: what is committed of them stays; run "
        "with --forget-missing to drop it"
    )
