"""A rate limit: requests begin evenly, with a small burst, and pause together."""

import threading
import time
from collections.abc import Callable

_BURST_SECONDS = 1.0  # of unused rate that is kept


class TokenBucket:
    """Lets `per_minute` requests begin in a minute; None: any number."""

    def __init__(
        self, per_minute: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 60 / per_minute if per_minute else 0.0
        self._burst = max(_BURST_SECONDS, self._interval) - self._interval
        self._clock = clock
        self._next = clock() - self._burst  # when the next token is there
        self._paused_until = 0.0
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take a token; return the seconds to wait until it may be used."""
        with self._lock:
            now = self._clock()
            begins = max(self._next, now - self._burst)
            self._next = begins + self._interval
            return max(0.0, begins - now, self._paused_until - now)

    def pause(self, seconds: float) -> None:
        """Let no request begin for some seconds, because the service is busy."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)
