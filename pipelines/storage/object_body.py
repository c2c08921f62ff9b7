"""Fetches the bytes of one version of an object; a body that is cut goes on at its offset."""

import asyncio
import errno
import queue
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from pipelines.storage.object_bucket import Bucket, Patience
from pipelines.storage.object_counts import count_bytes
from pipelines.storage.object_errors import changed
from pipelines.storage.object_head import head
from pipelines.storage.object_loop import call_soon, canceled, start
from pipelines.storage.object_version import condition, version_of

if TYPE_CHECKING:
    from obstore import ObjectMeta

CHUNK = 1 << 20  # bytes that one step of a stream fetches, at least; 4 MiB take more CPU time
_CHUNK_AFTER_CUT = 64 << 10  # so that a connection that is cut early makes progress
_AHEAD = 16  # chunks fetched before they are read
_FREED_AT_ONCE = 4  # of them: waking the thread of the requests costs more than a chunk does


class ObjectVersion:
    """An object in the version in which it is read; what is not known follows from an answer."""

    def __init__(self, bucket: Bucket, key: str, url: str, version: str = "") -> None:
        self.bucket, self.key, self.url, self.version = bucket, key, url, version
        self.size: int | None = None

    def accept(self, meta: "ObjectMeta") -> None:
        """Take version and size from an answer; raise ESTALE if the answer is of another one."""
        version = version_of(meta)
        if self.version and version != self.version:
            raise changed(self.url)
        self.version, self.size = version, int(meta["size"])

    async def ask(self) -> None:
        """Ask for version and size without the bytes."""
        key, url = self.key, self.url
        self.accept(await self.bucket.send("GET", url, lambda s: head(s, key, url)))

    async def body(self, offset: int, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `offset` to `end`, by default to the object's end, in chunks."""
        patience, chunk_size = Patience(self.bucket, "GET", self.url), CHUNK
        while end is None or offset < end:
            await patience.begin()
            known = condition(self.version) if self.version else None
            options: Any = {"if_match": known} if known else {}
            if end is not None:
                options["range"] = (offset, end)
            elif offset:
                options["range"] = {"offset": offset}
            try:
                answer = await self.bucket.store.get_async(self.key, options=options)
                self.accept(answer.meta)
                end = self.size if end is None else min(end, self.size or 0)
                async for chunk in answer.stream(min_chunk_size=chunk_size):
                    patience.progress()
                    offset += len(chunk)
                    count_bytes(read=len(chunk))
                    yield chunk
                if end is not None and offset < end:
                    raise TimeoutError(f"the body ended at byte {offset}")
            except Exception as error:
                if isinstance(error, OSError) and error.errno == errno.ESTALE:
                    raise
                await patience.after(error)
            chunk_size = _CHUNK_AFTER_CUT


class ReadAhead:
    """A body whose next bytes are fetched while the last are used: `_AHEAD` chunks at most."""

    def __init__(self, version: ObjectVersion) -> None:
        self._url = version.url
        self._ready: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()
        self._slots = asyncio.Semaphore(_AHEAD)
        self._used = 0  # chunks whose slots are not free yet
        self._request = start(_fetch(version, self._ready, self._slots))

    def next(self) -> bytes:
        """Return the next bytes; none at the end of the object."""
        item = self._ready.get()
        if item is None:
            self._ready.put(None)
            return b""
        if isinstance(item, BaseException):
            self._ready.put(item)
            raise item
        self._used += 1
        if self._used == _FREED_AT_ONCE:
            self._used = 0
            call_soon(self._free)
        return item

    def _free(self) -> None:
        for _ in range(_FREED_AT_ONCE):
            self._slots.release()

    def close(self) -> None:
        """Cancel the request; return at once."""
        self._ready.put(canceled(self._url))
        self._request.cancel()


async def _fetch(
    version: ObjectVersion,
    ready: "queue.SimpleQueue[bytes | BaseException | None]",
    slots: asyncio.Semaphore,
) -> None:
    try:
        await slots.acquire()
        async for chunk in version.body(0):
            ready.put(chunk)
            await slots.acquire()
        ready.put(None)
    except asyncio.CancelledError:
        ready.put(canceled(version.url))
        raise
    except BaseException as error:  # noqa: BLE001 - the reader raises it
        ready.put(error)
