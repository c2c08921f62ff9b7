"""Slows down a process's requests to a bucket whose store asks for fewer."""

import asyncio
import math
import time
from collections import deque

from pipelines.storage.object_counts import count_wait

_FIRST_RATE = 10.0  # requests per second after the first answer of this kind, at least
_MIN_RATE = 0.5
_MAX_RATE = 2000.0  # above it, requests are not delayed
_GROWTH = 5.0  # requests per second, added every second
_CUT_SECONDS = 1.0  # in which further such answers are to requests that were sent before


class Throttle:
    """Additive increase and multiplicative decrease of the rate of requests."""

    def __init__(self) -> None:
        self._rate = math.inf  # requests per second
        self._next = 0.0  # time of the next request
        self._adjusted = 0.0
        self._cut = -math.inf
        self._sent: deque[float] = deque(maxlen=1000)  # times of the last requests

    async def wait(self) -> None:
        """Wait until the next request may be sent."""
        now = time.monotonic()
        if self._rate < math.inf:
            self._rate += _GROWTH * (now - self._adjusted)
            self._adjusted = now
            if self._rate > _MAX_RATE:
                self._rate = math.inf
            begin = max(now, self._next)
            self._next = begin + 1 / self._rate
            if begin > now:
                count_wait(begin - now)
                await asyncio.sleep(begin - now)
        self._sent.append(now)

    def slow_down(self) -> None:
        """Halve the rate of requests, at most once a second."""
        now = time.monotonic()
        if now - self._cut < _CUT_SECONDS:
            return
        if self._rate == math.inf:
            recent = sum(now - sent < 1 for sent in self._sent)
            self._rate = max(_FIRST_RATE, recent / 2)
        else:
            self._rate = max(_MIN_RATE, self._rate / 2)
        self._cut = self._adjusted = now
