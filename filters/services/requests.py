"""Sends requests to a service: within a rate and a number, several at once, with retries."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from filters.services.request_failed import RETRIED, RequestFailed
from filters.services.token_bucket import TokenBucket
from schemas.errors import JobError, ServiceFault

Item = TypeVar("Item")
Result = TypeVar("Result")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before a retry
_MAX_RETRY_AFTER = 300.0  # seconds that a service may ask to wait
_REQUEST_SECONDS = 30.0  # the longest time of one request
REFUSED = "INVALID_ARGUMENT"  # the request itself is wrong: the caller finds out which part


class Requests:
    """The requests of one loaded filter; its threads share the rate and the bound."""

    def __init__(
        self,
        kind: str,
        *,
        per_minute: float | None = None,
        max_requests: int | None = None,
        take: Callable[[], int] | None = None,
        deadline_seconds: float = 120.0,
        concurrency: int = 8,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`take` returns how many more requests may be sent; without it, `max_requests` may."""
        self._kind = kind
        self._bucket = TokenBucket(per_minute, clock)
        self._take = take
        self._allowed = 0 if take else max_requests  # requests so far; None: any number
        self._deadline_seconds = deadline_seconds
        self._concurrency = concurrency
        self._clock = clock
        self._wait = wait
        self._jitter = jitter
        self._lock = threading.Lock()
        self.sent = 0  # requests, retries included

    def send(self, request: Callable[[float], Result]) -> Result:
        """Send a request until it is answered; `request` gets its time limit in seconds.

        Raises ServiceFault if retries do not help within the deadline or the bound is reached,
        RequestFailed with the code REFUSED if the request is wrong, and JobError for every other
        refusal, such as missing rights.
        """
        pause = _FIRST_PAUSE
        ends: float | None = None
        reason = ""  # of the failure before
        while True:
            self._begin()
            now = self._clock()
            ends = now + self._deadline_seconds if ends is None else ends
            seconds = min(_REQUEST_SECONDS, max(ends - now, 0.001))
            try:
                return request(seconds)
            except RequestFailed as failed:
                if failed.code == REFUSED:
                    raise
                if failed.code not in RETRIED:
                    raise self._refusal(failed.code) from None
                # The last retry may have had too little time for any answer: what failed before
                # tells more than its time-out.
                cut = failed.code == "DEADLINE_EXCEEDED" and seconds < _REQUEST_SECONDS
                reason = (cut and reason) or RETRIED[failed.code]
                delay = max(
                    pause * (0.5 + self._jitter() / 2), min(failed.retry_after, _MAX_RETRY_AFTER)
                )
                pause = min(2 * pause, _LONGEST_PAUSE)
                if self._clock() + delay > ends:
                    raise ServiceFault(reason) from None
                if failed.code == "RESOURCE_EXHAUSTED":
                    self._bucket.pause(delay)  # for all threads: the quota is theirs together
                else:
                    self._wait(delay)

    def each(self, send: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Apply `send` to all items, several at once, and return the results in order.

        After an exception no further item is begun; the exception of the first such item is raised.
        """
        results: dict[int, Result] = {}
        errors: dict[int, BaseException] = {}
        numbers = iter(range(len(items)))
        lock = threading.Lock()

        def work() -> None:
            while True:
                with lock:
                    number = None if errors else next(numbers, None)
                if number is None:
                    return
                try:
                    results[number] = send(items[number])
                except BaseException as error:  # noqa: BLE001 - raised below
                    errors[number] = error

        if len(items) == 1:
            return [send(items[0])]
        # Daemon threads, because a request that hangs must not keep the process from its exit.
        threads = [
            threading.Thread(target=work, name=f"{self._kind}-{number}", daemon=True)
            for number in range(min(self._concurrency, len(items)))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[min(errors)]
        return [results[number] for number in range(len(items))]

    def _begin(self) -> None:
        """Count a request, and wait until the rate allows it."""
        with self._lock:
            if self._allowed is not None and self.sent >= self._allowed:
                more = self._take() if self._take else 0
                if not more:
                    raise ServiceFault("service_max_requests")
                self._allowed += more
            self.sent += 1
        if seconds := self._bucket.take():
            self._wait(seconds)

    def _refusal(self, code: str) -> JobError:
        return JobError(
            f"{self._kind}: the service refuses the requests ({code}): check the credentials, "
            "their rights, and that the service is enabled in the project"
        )
