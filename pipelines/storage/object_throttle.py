"""Slows down a process's requests to a bucket whose store asks for fewer."""

import math
from collections import deque

_ALONE_SECONDS = 2.0  # a refusal with none so shortly before it slows down its own request alone
_CUT_SECONDS = 1.0  # in which further refusals are of requests that were sent before
_LEAST_SCALE = 20.0  # requests per second
_MIN_RATE = 0.5  # requests per second
_GROWTH = 0.1  # of the scale, added every second: the former rate is back after five to ten seconds
_UNLIMITED = 4.0  # times the scale, above which requests are not delayed any more


class Throttle:
    """Additive increase and multiplicative decrease of the rate of requests.

    A refusal is an answer that asks for fewer requests. One alone delays nothing but the request
    that it refuses, which is sent again after a pause. The next one halves the rate that was sent.
    Times are seconds of a clock that the caller reads.
    """

    def __init__(self) -> None:
        self._rate = math.inf  # requests per second
        self._scale = _LEAST_SCALE  # the rate at which the store began to refuse
        self._next = 0.0  # time of the next request
        self._adjusted = 0.0  # time when the rate was computed
        self._refused = self._cut = -math.inf  # times of the last refusal, and of the last cut
        self._sent: deque[float] = deque(maxlen=10_000)  # times of requests

    def delay(self, now: float) -> float:
        """Return the seconds after which the next request may be sent; the request is counted."""
        begin = now
        if self._rate < math.inf:
            self._grow(now)
            begin = max(now, self._next)
            self._next = begin + 1 / self._rate
        self._sent.append(begin)
        return begin - now

    def _grow(self, now: float) -> None:
        self._rate += _GROWTH * self._scale * (now - self._adjusted)
        self._adjusted = now
        if self._rate > _UNLIMITED * self._scale:
            self._rate = math.inf

    def slow_down(self, now: float) -> None:
        """Take note of a refusal; halve the rate unless it is alone, at most once a second."""
        is_alone = now - self._refused > _ALONE_SECONDS
        self._refused = now
        if is_alone or now - self._cut < _CUT_SECONDS:
            return
        if self._rate == math.inf:
            recent = sum(now - sent < 1 for sent in self._sent)
            self._rate = self._scale = max(_LEAST_SCALE, recent)
        else:
            self._grow(now)
        self._rate = max(_MIN_RATE, min(self._rate, self._scale) / 2)
        self._cut = self._adjusted = now
