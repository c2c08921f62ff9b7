"""Uploads large objects in parts; an object appears whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from pipelines.storage.object_bucket import Bucket, Patience
from pipelines.storage.object_counts import count_bytes, count_request
from pipelines.storage.object_loop import call_soon, start, wait_for

if TYPE_CHECKING:
    from concurrent.futures import Future

    from obstore import PutResult

PART = 8 << 20  # bytes of a part; smaller objects are one request
_PARTS_AT_ONCE = 4
_ABORT_SECONDS = 2.0  # for the store to forget the parts of an upload that has failed


class _SourceFailed(Exception):
    """Ends an upload whose source has failed, so that the store forgets its parts."""


class Upload:
    """One attempt at a multipart upload, whose parts the calling thread hands over one by one."""

    def __init__(self, bucket: Bucket, key: str, url: str, patience: Patience) -> None:
        self._bucket, self._key, self._url, self._patience = bucket, key, url, patience
        self._parts: asyncio.Queue[bytes | None] = asyncio.Queue(1)
        self._failed = asyncio.Event()
        self._request: Future[PutResult | None] = start(self._put())

    def send(self, parts: Iterable[bytes]) -> "PutResult | None":
        """Upload the parts; return the store's answer, or None if they may be sent again.

        If `parts` raises, and if the wait for the store is interrupted, the upload is aborted.
        """
        try:
            for part in parts:
                if not wait_for(self._hand_over(part), self._url):
                    break
            else:
                wait_for(self._hand_over(None), self._url)
            return self._request.result()
        except BaseException:
            call_soon(self._failed.set)
            self._settle()
            raise

    def _settle(self) -> None:
        try:
            self._request.exception(2 * _ABORT_SECONDS)
        except BaseException:  # noqa: BLE001 - the error that ended the upload is raised
            self._request.cancel()

    async def _hand_over(self, part: bytes | None) -> bool:
        """Wait until a part is taken; return False if the request has ended before."""
        put: asyncio.Future[Any] = asyncio.ensure_future(self._parts.put(part))
        request: asyncio.Future[Any] = asyncio.wrap_future(self._request)
        # Else asyncio prints the error of a request that ends later; `send` raises it.
        request.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        await asyncio.wait({put, request}, return_when=asyncio.FIRST_COMPLETED)
        if put.done():
            return True
        put.cancel()
        return False

    async def _source(self) -> AsyncIterator[bytes]:
        failed = asyncio.ensure_future(self._failed.wait())
        while True:
            part = asyncio.ensure_future(self._parts.get())
            await asyncio.wait({part, failed}, return_when=asyncio.FIRST_COMPLETED)
            if failed.done():
                part.cancel()
                raise _SourceFailed
            content = part.result()
            if content is None:
                failed.cancel()
                return
            count_request("PUT")
            count_bytes(written=len(content))
            yield content

    async def _put(self) -> "PutResult | None":
        await self._patience.begin()
        count_request("PUT")  # an upload begins and ends with a request of its own
        options: Any = {"chunk_size": PART, "max_concurrency": _PARTS_AT_ONCE}
        put = asyncio.ensure_future(
            self._bucket.uploads.put_async(self._key, self._source(), use_multipart=True, **options)
        )
        try:
            result = await asyncio.shield(put)
        except asyncio.CancelledError:
            self._failed.set()
            await asyncio.wait({put}, timeout=_ABORT_SECONDS)
            put.cancel()
            raise
        except Exception as error:
            if self._failed.is_set():
                raise
            await self._patience.after(error)
            return None
        self._bucket.answered()
        return result
