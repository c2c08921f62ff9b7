"""Counts this process's requests to object stores, for the reports of units and runs."""

from collections import Counter
from threading import Lock
from typing import Literal

from schemas.storage_counts import StorageCounts

RequestClass = Literal["GET", "PUT", "LIST", "DELETE"]  # as stores price them; HEAD is a GET

_COUNTS: Counter[str] = Counter()  # by a field of StorageCounts
_LOCK = Lock()


def count_request(kind: RequestClass, number: int = 1) -> None:
    """Count requests, each of which is counted again if it is sent again."""
    _add(f"{kind.lower()}_requests", number)


def count_bytes(*, read: int = 0, written: int = 0) -> None:
    """Count bytes of objects that were received or sent."""
    _add("bytes_read", read)
    _add("bytes_written", written)


def count_retry() -> None:
    """Count a request, or the rest of a body, that is sent again."""
    _add("retries", 1)


def count_wait(seconds: float) -> None:
    """Count seconds in which nothing is sent, before a retry or because the store is slow."""
    _add("milliseconds", round(1000 * seconds))


def take_counts() -> StorageCounts | None:
    """Return what was counted since the last call in this process; None if nothing was.

    So everything is in one report, whichever thread or unit it was for.
    """
    with _LOCK:
        taken = {name: number for name, number in _COUNTS.items() if number}
        _COUNTS.clear()
    if not taken:
        return None
    seconds = taken.pop("milliseconds", 0) / 1000
    return StorageCounts(**taken, seconds_waited=seconds)


def _add(name: str, number: int) -> None:
    with _LOCK:
        _COUNTS[name] += number
