"""Reading a shard as webdataset does: members of a tar, grouped into samples by their key."""

import gzip
import json
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from webdataset.tariterators import base_plus_ext, tar_file_iterator

from schemas.errors import ShardFault

IMAGE_EXTENSIONS = ("jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "bmp", "avif")
_GZIP = b"\x1f\x8b"
_BLOCK = 512  # bytes; a tar ends with blocks of zeros


@dataclass(slots=True)
class RawSample:
    """The members that share a key, as they lie in the shard."""

    index: int
    key: str = field(repr=False)
    members: dict[str, bytes] = field(repr=False)  # lower-case extension -> content
    repeated: bool = False  # an extension stands twice


class CountedStream:
    """Counts what is read from storage, for progress and for the place of a fault."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.bytes_read += len(content)
        return content

    def close(self) -> None:
        self._stream.close()


class _Archive:
    """The uncompressed tar; remembers its end, which tells a whole archive from a cut one."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        content = cast(bytes, self._stream.read(size))
        if content:
            self._tail = (self._tail + content)[-_BLOCK:]
        return content

    def check_end(self, offset: int) -> None:
        """After the last member: the block of zeros that ends a tar must stand, and nothing after.

        Without it the writer died or the file was cut between two members, and samples are missing.
        """
        while content := self.read(1 << 20):
            if content.strip(b"\0"):
                raise ShardFault("shard_trailing_data", offset)
        if len(self._tail) < _BLOCK or self._tail.strip(b"\0"):
            raise ShardFault("shard_truncated", offset)


def read_shard(stream: CountedStream) -> Iterator[RawSample]:
    """The samples of a plain or gzipped tar, in order, one held at a time.

    Raises ShardFault where the archive is cut or damaged.
    """
    sample: RawSample | None = None
    index = 0
    for name, content in _members(stream):
        key, extension = base_plus_ext(name)
        if key is None:  # no extension: belongs to no sample
            continue
        if sample is None or key != sample.key:
            if sample is not None:
                yield sample
                index += 1
            sample = RawSample(index, key, {})
        extension = extension.lower()
        sample.repeated |= extension in sample.members
        sample.members[extension] = content
    if sample is not None:
        yield sample


def _members(counted: CountedStream) -> Iterator[tuple[str, bytes]]:
    any_read = False
    try:
        start = counted.read(len(_GZIP))
        joined: Any = _Joined(start, counted)
        archive = _Archive(gzip.GzipFile(fileobj=joined) if start == _GZIP else joined)
        for member in tar_file_iterator(archive):
            any_read = True
            yield member["fname"], member["data"]
        archive.check_end(counted.bytes_read)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        truncated = isinstance(error, EOFError) or (any_read and not counted.read(1))
        reason = "shard_truncated" if truncated else "shard_unreadable"
        raise ShardFault(reason, counted.bytes_read) from None


class _Joined:
    """A stream whose first bytes were read already."""

    def __init__(self, start: bytes, rest: CountedStream) -> None:
        self._start, self._rest = start, rest

    def read(self, size: int = -1) -> bytes:
        if not self._start:
            return self._rest.read(size)
        start, self._start = self._start, b""
        return start + self._rest.read(size - len(start) if size >= 0 else -1)


class FieldFault(Exception):
    """A text of a sample cannot be used; `reason` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_field(members: Mapping[str, bytes], source: str, parsed: dict[str, Any]) -> str | None:
    """The text that `source` (`txt`, or `json:meta.url`) names; None where the sample has none.

    JSON values other than text become their JSON. `parsed` keeps the member `json` once read.
    Raises FieldFault where the member is not UTF-8 or not JSON.
    """
    extension, _, path = source.partition(":")
    if extension not in members:
        return None
    if not path:
        return _decoded(members[extension])
    if extension not in parsed:
        try:
            parsed[extension] = json.loads(_decoded(members[extension]))
        except (ValueError, RecursionError):
            raise FieldFault("json_malformed") from None
    value = parsed[extension]
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return check_unicode(text, "text_not_utf8")


def check_unicode(text: str, reason: str) -> str:
    """The text itself; FieldFault where it holds lone surrogates, which no file can store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise FieldFault(reason) from None
    return text


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise FieldFault("text_not_utf8") from None
