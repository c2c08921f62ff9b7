"""Sends the requests of this process to one bucket, again and again until they succeed."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from pipelines.storage.object_counts import RequestClass, count_request, count_retry, count_wait
from pipelines.storage.object_errors import gone, os_error, sort_error
from pipelines.storage.object_loop import short_seconds
from pipelines.storage.object_throttle import Throttle
from schemas.errors import JobError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

T = TypeVar("T")

_FIRST_PAUSE, _MAX_PAUSE = 0.1, 15.0  # seconds; each pause is about twice as long as the last
_PROBE = ".shardmill-probe"  # a key of no object


class Bucket:
    """A bucket as requests see it. All methods run in the thread of the requests."""

    def __init__(self, store: "ObjectStore", uploads: "ObjectStore", retry_seconds: float) -> None:
        self.store = store  # sends each request once
        self.uploads = uploads  # repeats the requests of multipart uploads by itself
        self._retry_seconds = retry_seconds
        self._throttle = Throttle()
        self._is_gone = False  # the last requests were given up, and nothing was answered since

    async def send(
        self, kind: RequestClass, url: str, request: "Callable[[ObjectStore], Awaitable[T]]"
    ) -> T:
        """Return the answer to a request; it is sent again while its errors are transient.

        Raises the errors of `object_errors.os_error`; EHOSTDOWN if the store answers nothing at
        all, which is found out once: after that, a request is sent once until one is answered.
        """
        patience = Patience(self, kind, url)
        while True:
            await patience.begin()
            try:
                async with asyncio.timeout(short_seconds()):
                    answer = await request(self.store)
            except Exception as error:  # noqa: BLE001 - sorted, and raised again
                await patience.after(error)
            else:
                self.answered()
                return answer

    def answered(self) -> None:
        """Note that the store has answered a request."""
        self._is_gone = False

    async def wait_for_turn(self) -> None:
        """Wait until the store may be asked again."""
        if delay := self._throttle.delay(time.monotonic()):
            count_wait(delay)
            await asyncio.sleep(delay)

    def slow_down(self) -> None:
        """Send fewer requests from now on."""
        self._throttle.slow_down(time.monotonic())

    def patience(self) -> float:
        """Return the seconds for which a failing request is sent again."""
        return 0 if self._is_gone else (short_seconds() or self._retry_seconds)

    async def given_up(self, error: Exception, url: str) -> Exception:
        """Return the error of a request that failed for too long: the store's or the object's."""
        if not self._is_gone:
            try:
                async with asyncio.timeout(short_seconds()):
                    await self.store.head_async(_PROBE)
            except Exception as probed:  # noqa: BLE001 - any answer but such an error will do
                self._is_gone = sort_error(probed) != "permanent"
        return gone(error, url) if self._is_gone else os_error(error, url)


class Patience:
    """The attempts at one request, or at the rest of one body."""

    def __init__(self, bucket: Bucket, kind: RequestClass, url: str) -> None:
        self._bucket, self._kind, self._url = bucket, kind, url
        self._failing_since: float | None = None
        self._pause = _FIRST_PAUSE

    async def begin(self) -> None:
        """Wait for the turn of an attempt, and count it."""
        await self._bucket.wait_for_turn()
        count_request(self._kind)

    def progress(self) -> None:
        """Note that the attempt brought something."""
        self._bucket.answered()
        self._failing_since, self._pause = None, _FIRST_PAUSE

    async def after(self, error: Exception) -> None:
        """Return when another attempt may follow a failed one; else raise the error to report."""
        if isinstance(error, JobError):
            raise error
        fault = sort_error(error)
        if fault == "permanent":
            self._bucket.answered()
            raise os_error(error, self._url) from None
        if fault == "throttled":
            self._bucket.slow_down()
        now = time.monotonic()
        if self._failing_since is None:
            self._failing_since = now
        pause = self._pause * random.uniform(0.5, 1)
        if now + pause > self._failing_since + self._bucket.patience():
            raise await self._bucket.given_up(error, self._url) from None
        self._pause = min(_MAX_PAUSE, 2 * self._pause)
        count_retry()
        count_wait(pause)
        await asyncio.sleep(pause)
