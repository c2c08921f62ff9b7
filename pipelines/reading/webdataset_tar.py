"""Reads WebDataset tars, plain or compressed: members, grouped into samples by their key.

Headers are parsed here and not by `tarfile`'s own iteration, which takes a damaged header for the
end of the archive and reads a header of any size into memory.
"""

import gzip
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar, cast

from pipelines.config.input import Input
from pipelines.reading.raw_sample import RawSample, SampleFields
from pipelines.reading.sample_members import Member, MemberSelection, SampleMembers
from pipelines.reading.shard_stream import CountedStream, PrefixedStream, SampledFile
from pipelines.reading.zstd_stream import HEADER, ZstdStream, is_zstd
from pipelines.storage.storage import Storage
from schemas.errors import ShardFault
from schemas.sample import Unit

T = TypeVar("T")

_GZIP = b"\x1f\x8b"
_BLOCK = 512  # bytes; headers and contents fill whole blocks, and a tar ends with blocks of zeros
_STEP = 1 << 20  # bytes read at once of content that is skipped
_LONGEST_HEADER = 1 << 20  # bytes of an extended header, which holds long names
_SPARSE = "GNU.sparse"  # prefix of the extended-header keys of sparse files
_LENGTH = re.compile(rb"([0-9]{1,10}) ")
_META = re.compile(r"__[^/]*__($|/)")  # names that webdataset reserves
_LEFT_OUT = Member("", "", None, True, 0)  # stands for a member that macOS added
_EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
# Types whose header states a size though no content follows.
_EMPTY = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
)
# Offset of the byte in GNU's sparse headers that is not 0 where another such header follows.
_MORE_SPARSE = {"first": 482, "next": 504}


def open_tar(
    unit: Unit, storage: Storage, input_config: Input, texts: bool
) -> tuple[SampledFile, Iterator[RawSample]]:
    """Open a tar; raises FileNotFoundError if the tar does not exist."""
    stream = SampledFile(unit, storage)
    return stream, read_tar(stream, input_config, texts)


def read_tar(stream: CountedStream, input_config: Input, texts: bool = True) -> Iterator[RawSample]:
    """Yield the samples of a tar in order, with one sample in memory at a time."""
    return _by_sample(stream, MemberSelection.of(input_config, texts), SampleMembers.sample)


def list_tar_fields(
    unit: Unit, storage: Storage, input_config: Input
) -> tuple[SampledFile, Iterator[SampleFields]]:
    """Open a tar to list all members of its samples."""
    stream = SampledFile(unit, storage)
    selection = MemberSelection.of_fields(input_config)
    return stream, _by_sample(stream, selection, SampleMembers.all_fields)


def _by_sample(
    stream: CountedStream,
    selection: MemberSelection,
    finish: Callable[[SampleMembers, int], T],
) -> Iterator[T]:
    """Group members by their key; `finish` turns a group and its position into a sample."""
    members: SampleMembers | None = None
    index = left_out = 0
    for member in read_members(stream, selection.max_bytes):
        if member is _LEFT_OUT:
            left_out += 1
            continue
        if members is None or member.key != members.key:
            if members is not None:
                members.left_out, left_out = left_out, 0
                yield finish(members, index)
                index += 1
            members = SampleMembers(member.key, selection)
        members.add(member)
    if members is not None:
        members.left_out = left_out
        yield finish(members, index)


def read_members(stream: CountedStream, max_bytes: Callable[[str], int]) -> Iterator[Member]:
    """Yield the members of samples, in order, and a member without key for each one left out.

    `max_bytes` returns the largest size that is read of members with an extension, or -1; the
    content of other and of larger members is skipped. Raises ShardFault if the archive is cut or
    damaged, ends without its block of zeros (its writer died, or it was cut between two members),
    or has data after that block.
    """
    archive = _Archive(stream)
    try:
        yield from _members(archive, max_bytes)
    except EOFError:
        known = archive.opened or archive.is_compressed
        reason = "shard_truncated" if known else "shard_unreadable"
        raise ShardFault(reason, stream.position) from None
    except (tarfile.HeaderError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError):
        reason = "shard_damaged" if archive.opened else "shard_unreadable"
        raise ShardFault(reason, stream.position) from None


class _Header(NamedTuple):
    """A member's header, merged with the extended headers before it."""

    name: str
    size: int  # of the content that follows
    is_file: bool
    is_folder: bool


def _members(archive: "_Archive", max_bytes: Callable[[str], int]) -> Iterator[Member]:
    for header in _headers(archive):
        if not header.is_folder and is_added_by_macos(header.name):
            archive.skip(header.size)
            yield _LEFT_OUT
            continue
        key, extension = key_and_extension(header.name)
        # A member without an extension belongs to no sample.
        if not key or header.is_folder or _META.match(header.name):
            archive.skip(header.size)
            continue
        if header.is_file and header.size <= max_bytes(extension):
            content = archive.read_content(header.size)
            yield Member(key, extension, content, True, header.size, header.name)
        else:
            archive.skip(header.size)
            yield Member(key, extension, None, header.is_file, header.size, header.name)


def is_added_by_macos(name: str) -> bool:
    """Return whether macOS adds a member of this name to archives, beside the user's own files.

    Such members are `._0.jpg` with the attributes of `0.jpg`, `.DS_Store`, and all in `__MACOSX`.
    """
    *folders, last = name.split("/")
    return last.startswith("._") or last == ".DS_Store" or "__MACOSX" in folders


def key_and_extension(name: str) -> tuple[str, str]:
    """Split a member's name at the first dot of its last part; return "", "" if it has no dot.

    Equals webdataset's `base_plus_ext`, but takes time linear in the name's length: the regular
    expression of `base_plus_ext` takes 47 s for 80,000 slashes, during which no other thread runs.
    """
    folder, slash, last = name.rpartition("/")
    stem, dot, extension = last.partition(".")
    if not dot or not (stem or slash):
        return "", ""
    if not stem and "." in folder.rpartition("/")[2]:
        return "", ""
    return f"{folder}{slash}{stem}", extension.lower()


def _headers(archive: "_Archive") -> Iterator[_Header]:
    """Yield each member's header; the caller reads or skips the content before the next header."""
    global_records: dict[str, str] = {}  # of global headers, for all members behind them
    records: dict[str, str] = {}  # of extended headers, for the next member
    while (block := archive.read_exactly(_BLOCK)).count(0) < _BLOCK:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        archive.opened = True
        if header.type in _EXTENDED:
            records |= _records(archive.read_header_content(header))
        elif header.type == tarfile.XGLTYPE:
            global_records |= _records(archive.read_header_content(header))
        elif header.type == tarfile.GNUTYPE_LONGNAME:
            content = archive.read_header_content(header).partition(b"\0")[0]
            records["path"] = content.decode("utf-8", "surrogateescape")
        elif header.type == tarfile.GNUTYPE_LONGLINK:
            archive.read_header_content(header)
        else:
            yield _merged_header(header, global_records | records, archive, block)
            records = {}
    archive.opened = True
    archive.check_zeros_to_the_end()


def _merged_header(
    header: tarfile.TarInfo, records: dict[str, str], archive: "_Archive", block: bytes
) -> _Header:
    if header.type == tarfile.GNUTYPE_SPARSE:
        archive.skip_sparse_headers(block)
    size = int(records.get("size", header.size))
    if size < 0:
        raise ValueError("a size below 0")
    return _Header(
        name=records.get("path", header.name),
        size=0 if header.type in _EMPTY else size,
        is_file=header.type in _FILES and _SPARSE not in records,
        is_folder=header.isdir(),
    )


class _Archive:
    """The uncompressed bytes of a tar, read forwards; raises EOFError if they end too early."""

    def __init__(self, counted: CountedStream) -> None:
        self.opened = False  # a header was read
        start = counted.read(HEADER)
        self._stream: Any = PrefixedStream(start, counted)
        self.is_compressed = True
        if start.startswith(_GZIP):
            self._stream = gzip.GzipFile(fileobj=cast(Any, self._stream))
        elif is_zstd(start):
            self._stream = ZstdStream(start, self._stream)
        else:
            self.is_compressed = False

    def read_exactly(self, size: int) -> bytes:
        """Read `size` bytes; raise EOFError if fewer are left."""
        content = cast(bytes, self._stream.read(size))
        if len(content) == size:
            return content
        pieces = [content]
        while (missing := size - sum(map(len, pieces))) and pieces[-1]:
            pieces.append(self._stream.read(missing))
        if missing:
            raise EOFError
        return b"".join(pieces)

    def read_content(self, size: int) -> bytes:
        """Read a member's content and the padding of its last block; return the content."""
        content = self.read_exactly(size)
        self.read_exactly(-size % _BLOCK)
        return content

    def read_header_content(self, header: tarfile.TarInfo) -> bytes:
        if not 0 <= header.size <= _LONGEST_HEADER:
            raise ValueError("an extended header of no reasonable size")
        return self.read_content(header.size)

    def skip(self, size: int) -> None:
        size += -size % _BLOCK
        while size:
            step = min(size, _STEP)
            self.read_exactly(step)
            size -= step

    def skip_sparse_headers(self, block: bytes) -> None:
        more = block[_MORE_SPARSE["first"]]
        while more:
            more = self.read_exactly(_BLOCK)[_MORE_SPARSE["next"]]

    def check_zeros_to_the_end(self) -> None:
        """Raise ValueError if anything but zeros follows the first block of zeros."""
        while rest := self._stream.read(_STEP):
            if rest.count(0) < len(rest):
                raise ValueError("members behind the end")


def _records(content: bytes) -> dict[str, str]:
    """Parse an extended header (POSIX.1-2001, pax), whose records are `length key=value\\n`.

    Only the keys that are used here are returned, because any number of headers may follow each
    other and memory must not grow with them.
    """
    records: dict[str, str] = {}
    start = 0
    while start < len(content):
        length = _LENGTH.match(content, start)
        end = start + int(length[1]) if length else 0
        if not length or not length.end() < end <= len(content):
            raise ValueError("a record of no length")
        key, separator, value = content[length.end() : end].removesuffix(b"\n").partition(b"=")
        if not separator:
            raise ValueError("a record without a value")
        if key in (b"path", b"size"):
            records[key.decode()] = value.decode("utf-8", "surrogateescape")
        elif key.startswith(_SPARSE.encode()):
            records[_SPARSE] = ""
        start = end
    return records
