"""Storage in the buckets of S3, Google Cloud Storage and Azure, and files of web servers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from pipelines.storage.object_client import BUCKETS, WEB, client, locate
from pipelines.storage.object_errors import os_errors
from pipelines.storage.object_head import head
from pipelines.storage.object_reader import ObjectReader
from pipelines.storage.object_version import version_of
from pipelines.storage.paths import scheme
from pipelines.storage.settings import StorageSettings
from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore

_PART = 8 << 20  # bytes of a part of a multipart upload; smaller objects are one request


class ObjectStorage(Storage):
    """Objects by their URLs, such as `s3://bucket/data/00012.tar`. It can be pickled.

    Objects appear whole or not at all. A web server's files cannot be listed or written.
    """

    def __init__(self, settings: Mapping[str, StorageSettings] | None = None) -> None:
        self._settings = settings or {}

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        if scheme(folder) in WEB:
            raise JobError(f"{folder}: a web server has no listing: name each file")
        bucket, key = locate(folder)
        prefix = f"{key.rstrip('/')}/" if key.rstrip("/") else None
        store = client(bucket, self._settings)
        pages = store.list(prefix) if recursive else _objects_in(store, prefix)
        while True:
            with os_errors(folder):
                page = next(pages, None)
            if page is None:
                return
            for meta in page:
                path = f"{bucket}/{meta['path']}"
                yield Entry(path, int(meta["size"]), version_of(meta))

    def entry(self, path: str) -> Entry | None:
        bucket, key = locate(path)
        try:
            meta = head(client(bucket, self._settings), key, path)
        except FileNotFoundError:
            return None
        return Entry(path, int(meta["size"]), version_of(meta))

    def open(self, path: str, version: str = "") -> BinaryIO:
        bucket, key = locate(path)
        reader = ObjectReader(client(bucket, self._settings), key, path, version)
        return cast(BinaryIO, reader)

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> None:
        bucket, key = self._writable(path)
        with os_errors(path):
            client(bucket, self._settings).put(key, content, chunk_size=_PART)

    def create(self, path: str, content: bytes) -> None:
        bucket, key = self._writable(path)
        try:
            with os_errors(path):
                client(bucket, self._settings).put(key, content, mode="create")
        except FileExistsError:
            # A request whose answer was lost is sent again, and then finds its own object.
            if self.read_bytes(path) != content:
                raise

    def delete(self, path: str) -> None:
        bucket, key = self._writable(path)
        with suppress(FileNotFoundError), os_errors(path):
            client(bucket, self._settings).delete(key)

    def _writable(self, path: str) -> tuple[str, str]:
        if scheme(path) not in BUCKETS:
            raise JobError(f"{path}: a web server is only read: write to a folder or a bucket")
        return locate(path)


def _objects_in(store: "ObjectStore", prefix: str | None) -> "Iterator[Sequence[ObjectMeta]]":
    """Yield the objects directly below a prefix, sorted, as one page."""
    objects = store.list_with_delimiter(prefix)["objects"]
    yield sorted(objects, key=lambda meta: meta["path"])
