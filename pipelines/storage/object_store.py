"""Storage in the buckets of S3, Google Cloud Storage and Azure, and files of web servers."""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from pipelines.storage.object_body import ObjectVersion
from pipelines.storage.object_bucket import Bucket, Patience
from pipelines.storage.object_client import BUCKETS, WEB, bucket_of, locate
from pipelines.storage.object_counts import count_bytes
from pipelines.storage.object_head import head
from pipelines.storage.object_loop import wait_for
from pipelines.storage.object_reader import ObjectReader
from pipelines.storage.object_upload import PART, Upload
from pipelines.storage.object_version import version_of, version_of_put
from pipelines.storage.paths import scheme
from pipelines.storage.settings import StorageSettings
from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError

if TYPE_CHECKING:
    from obstore import ListStream, ObjectMeta, PutResult
    from obstore.store import ObjectStore

    Page = Sequence[ObjectMeta]

_PAGE = 1000  # objects of a request that lists
_DELETED_AT_ONCE = 1000  # objects of a request that deletes
_WRITER = "shardmillwriter"  # metadata that names who created an object; letters, for Azure


class ObjectStorage(Storage):
    """Objects by their URLs, such as `s3://bucket/data/00012.tar`. It can be pickled.

    Objects appear whole or not at all. A web server's files cannot be listed or written. Requests
    that fail are sent again as `storage` of the job says; see `object_bucket.py`.
    """

    def __init__(self, settings: Mapping[str, StorageSettings] | None = None) -> None:
        self._settings = settings or {}

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        if scheme(folder) in WEB:
            raise JobError(f"{folder}: a web server has no listing: name each file")
        name, key = locate(folder)
        bucket = bucket_of(name, self._settings)
        prefix = f"{key.rstrip('/')}/" if key.rstrip("/") else None
        pages = _pages(bucket, prefix, folder) if recursive else _level(bucket, prefix, folder)
        for page in pages:
            for meta in page:
                yield _entry(f"{name}/{meta['path']}", meta)

    def entry(self, path: str) -> Entry | None:
        bucket, key = self._locate(path)
        try:
            meta = wait_for(bucket.send("GET", path, lambda s: head(s, key, path)), path)
        except FileNotFoundError:
            return None
        return _entry(path, meta)

    def open(self, path: str, version: str = "") -> BinaryIO:
        bucket, key = self._locate(path)
        opened = ObjectVersion(bucket, key, path, version)
        return cast(BinaryIO, ObjectReader(opened, ask=not version))

    def read_bytes(self, path: str) -> bytes:
        """Return the bytes of an object, with one request."""
        bucket, key = self._locate(path)
        with ObjectReader(ObjectVersion(bucket, key, path), ask=False) as stream:
            return stream.read()

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        bucket, key = self._writable(path)
        begin = content.tell() if content.seekable() else None
        first = _read(content, PART)
        rest = content.read(1)
        if not rest:
            count_bytes(written=len(first))
            put = bucket.send("PUT", path, lambda s: s.put_async(key, first, use_multipart=False))
            return self._version(wait_for(put, path), path)
        patience = Patience(bucket, "PUT", path)
        parts: Iterable[bytes] = _parts(first, rest, content)
        while (put_result := Upload(bucket, key, path, patience).send(parts)) is None:
            if begin is None:
                raise OSError(5, "the upload failed, and its source cannot be read again", path)
            content.seek(begin)
            parts = _parts(b"", b"", content)
        return self._version(put_result, path)

    def _version(self, result: "PutResult", path: str) -> str:
        """Return the version of an object that was written; a store without ETags is asked."""
        if version := version_of_put(result):
            return version
        entry = self.entry(path)
        return entry.version if entry else ""

    def create(self, path: str, content: bytes, durable: bool = True) -> None:
        """Write a new object; raise FileExistsError if the object exists.

        The object's metadata name its writer, because an answer may be lost: who finds that the
        object exists reads whose it is.
        """
        bucket, key = self._writable(path)
        writer = {_WRITER: secrets.token_hex(16)}
        count_bytes(written=len(content))
        options: Any = {"mode": "create", "attributes": writer}
        while True:
            try:
                put = bucket.send("PUT", path, lambda s: s.put_async(key, content, **options))
                wait_for(put, path)
                return
            except FileExistsError:
                try:
                    found = wait_for(bucket.send("GET", path, lambda s: s.get_async(key)), path)
                except FileNotFoundError:  # a rival's request was at work, or the object is deleted
                    continue
                if found.attributes.get(_WRITER) != writer[_WRITER]:
                    raise
                return

    def delete(self, path: str) -> None:
        bucket, key = self._writable(path)
        with suppress(FileNotFoundError):
            wait_for(bucket.send("DELETE", path, lambda s: s.delete_async(key)), path)

    def delete_many(self, paths: Iterable[str]) -> None:
        by_bucket: dict[str, list[str]] = {}
        for path in paths:
            self._writable(path)
            name, key = locate(path)
            by_bucket.setdefault(name, []).append(key)
        for name, keys in by_bucket.items():
            for at in range(0, len(keys), _DELETED_AT_ONCE):
                self._delete(name, keys[at : at + _DELETED_AT_ONCE])

    def _delete(self, name: str, keys: "Sequence[str]") -> None:
        bucket, url = bucket_of(name, self._settings), f"{name}/{keys[0]}"
        try:
            wait_for(bucket.send("DELETE", url, lambda s: s.delete_async(list(keys))), url)
        except FileNotFoundError:  # one of them does not exist, which Azure tells
            for key in keys:
                self.delete(f"{name}/{key}")

    def _locate(self, path: str) -> tuple[Bucket, str]:
        name, key = locate(path)
        return bucket_of(name, self._settings), key

    def _writable(self, path: str) -> tuple[Bucket, str]:
        if scheme(path) not in BUCKETS:
            raise JobError(f"{path}: a web server is only read: write to a folder or a bucket")
        return self._locate(path)


def _entry(path: str, meta: "ObjectMeta") -> Entry:
    modified = meta["last_modified"].replace(microsecond=0)  # as HEAD answers; listings have more
    return Entry(path, int(meta["size"]), version_of(meta), modified=modified.timestamp())


def _parts(first: bytes, rest: bytes, content: BinaryIO) -> Iterator[bytes]:
    part = first + rest
    while part := part or _read(content, PART):
        yield part
        part = b""


def _read(content: BinaryIO, size: int) -> bytes:
    """Read `size` bytes of a stream that may give fewer at once; fewer at the end alone."""
    pieces, missing = [], size
    while missing and (piece := content.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _pages(bucket: Bucket, prefix: str | None, url: str) -> "Iterator[Page]":
    """Yield the objects below a prefix by pages; a listing that fails goes on behind the last."""
    stream: ListStream[Page] | None = None
    last: str | None = None

    async def next_page(store: "ObjectStore") -> "Page | None":
        nonlocal stream
        if stream is None:
            stream = store.list(prefix, offset=last, chunk_size=_PAGE)
        try:
            return await anext(stream, None)
        except BaseException:
            stream = None
            raise

    while page := wait_for(bucket.send("LIST", url, next_page), url):
        last = page[-1]["path"]
        yield page


def _level(bucket: Bucket, prefix: str | None, url: str) -> "Iterator[Page]":
    """Yield the objects directly below a prefix, sorted, as one page."""
    listing = bucket.send("LIST", url, lambda s: s.list_with_delimiter_async(prefix))
    objects = wait_for(listing, url)["objects"]
    yield sorted(objects, key=lambda meta: meta["path"])
