"""Reading a shard as webdataset does: members of a tar, grouped into samples by their key."""

import gzip
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, NamedTuple, cast

from webdataset.tariterators import base_plus_ext

from schemas.errors import ShardFault

IMAGE_EXTENSIONS = ("jpg", "jpeg", "png", "webp", "gif", "tif", "tiff", "bmp", "avif")
_GZIP = b"\x1f\x8b"
_BLOCK = 512  # bytes; a tar ends with blocks of zeros
# What reading damaged bytes raises, numbers in headers among them. A plain OSError is storage's.
_DAMAGE = (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError, ValueError, OverflowError)
_META = re.compile(r"__[^/]*__($|/)")  # names that webdataset keeps for itself


class Limits(NamedTuple):
    """What of a sample is read: members of these extensions alone, up to these sizes."""

    sizes: Mapping[str, int]  # lower-case extension -> bytes, inclusive
    members: int  # a sample may have, of whatever extension, inclusive


@dataclass(slots=True)
class RawSample:
    """The members that share a key, as they lie in the shard."""

    index: int
    key: str = field(repr=False)
    members: dict[str, bytes] = field(default_factory=dict, repr=False)  # extension -> content
    extensions: set[str] = field(default_factory=set, repr=False)  # of all members, lower-case
    oversized: set[str] = field(default_factory=set)  # of members left unread for their size
    repeated: bool = False  # an extension stands twice
    crowded: bool = False  # it has more members than it may; no more of them were read

    def add(self, extension: str, content: bytes | None, limits: Limits | None) -> None:
        """Take a member in; one that was not read has no content."""
        if limits is not None and len(self.extensions) == limits.members:
            self.crowded |= extension not in self.extensions
            self.members.clear()
            return
        self.repeated |= extension in self.extensions
        self.extensions.add(extension)
        if content is not None:
            self.members[extension] = content
        elif limits is not None and extension in limits.sizes:
            self.oversized.add(extension)


class CountedStream:
    """Counts what is read from storage, for progress and for the place of a fault."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.bytes_read = 0
        self.fault: ShardFault | None = None  # met where what came before it is salvaged

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(size)
        self.bytes_read += len(content)
        return content

    def close(self) -> None:
        self._stream.close()


class _Archive:
    """The uncompressed tar; remembers where its last zeros begin, which tells whole from cut."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._size = 0  # read so far
        self._zeros_from = 0  # nothing but zeros was read since

    def read(self, size: int = -1) -> bytes:
        content = cast(bytes, self._stream.read(size))
        if nonzero := len(content.rstrip(b"\0")):
            self._zeros_from = self._size + nonzero
        self._size += len(content)
        return content

    def check_end(self, members_end: int, offset: int) -> None:
        """A block of zeros must follow the members, and nothing else up to the archive's end.

        Without it the writer died or the file was cut between two members, and samples are missing;
        so they are behind a damaged header, where reading stops as it does at the end.
        """
        while self.read(1 << 20):
            pass
        if self._size < members_end + _BLOCK:
            raise ShardFault("shard_truncated", offset)
        if self._zeros_from > members_end:
            raise ShardFault("shard_damaged", offset)


def read_shard(stream: CountedStream, limits: Limits | None = None) -> Iterator[RawSample]:
    """The samples of a plain or gzipped tar, in order, one held at a time.

    Memory is bounded by `limits`; without them every member is read. Raises ShardFault where the
    archive is cut or damaged.
    """
    sample: RawSample | None = None
    index = 0
    for key, extension, content in _members(stream, limits):
        if sample is None or key != sample.key:
            if sample is not None:
                yield sample
                index += 1
            sample = RawSample(index, key)
        sample.add(extension, content, limits)
    if sample is not None:
        yield sample


def salvage(samples: Iterator[RawSample], stream: CountedStream) -> Iterator[RawSample]:
    """The samples before the first fault, which is noted on the stream; raised if there are none.

    The sample in which the fault is met is not among them: nothing says that it is whole.
    """
    any_read = False
    try:
        for sample in samples:
            any_read = True
            yield sample
    except ShardFault as fault:
        if not any_read:
            raise
        stream.fault = fault


def _members(
    counted: CountedStream, limits: Limits | None
) -> Iterator[tuple[str, str, bytes | None]]:
    """Key, extension and content of the regular files, without content where it is not wanted."""
    opened = False
    try:
        start = counted.read(len(_GZIP))
        joined: Any = _Joined(start, counted)
        archive = _Archive(gzip.GzipFile(fileobj=joined) if start == _GZIP else joined)
        with tarfile.open(fileobj=cast(Any, archive), mode="r|") as tar:
            opened = True
            while (member := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # or it remembers them all
                key, extension = base_plus_ext(member.name)
                # What has no extension belongs to no sample.
                if key is None or not member.isreg() or _META.match(member.name):
                    continue
                extension = extension.lower()
                wanted = limits is None or member.size <= limits.sizes.get(extension, -1)
                content = cast(BinaryIO, tar.extractfile(member)).read() if wanted else None
                yield key, extension, content
            archive.check_end(tar.offset, counted.bytes_read)
    except _DAMAGE as error:
        if isinstance(error, EOFError):
            reason = "shard_truncated"
        elif opened:
            cut = isinstance(error, tarfile.ReadError) and not counted.read(1)
            reason = "shard_truncated" if cut else "shard_damaged"
        else:
            reason = "shard_unreadable"
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
