"""A storage of objects in memory, under URLs such as `s3://bucket/images/0.jpg`."""

import errno
import io
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Entry


class BucketInMemory(LocalStorage):
    """Lists and opens the objects of a mapping; the version of an object is a number."""

    def __init__(self, objects: Mapping[str, bytes]) -> None:
        self.objects = dict(objects)
        self.versions = dict.fromkeys(objects, 1)

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        prefix = f"{folder.rstrip('/')}/"
        for path in sorted(self.objects):
            if path.startswith(prefix) and (entry := self.entry(path)):
                yield entry

    def entry(self, path: str) -> Entry | None:
        if path not in self.objects:
            return None
        return Entry(path, len(self.objects[path]), str(self.versions[path]))

    def open(self, path: str, version: str = "") -> BinaryIO:
        if path not in self.objects:
            raise FileNotFoundError(errno.ENOENT, "no such object", path)
        if version and version != str(self.versions[path]):
            raise OSError(errno.ESTALE, "the object was replaced while it was read", path)
        return io.BytesIO(self.objects[path])

    def replace(self, path: str, content: bytes) -> None:
        self.objects[path] = content
        self.versions[path] += 1
