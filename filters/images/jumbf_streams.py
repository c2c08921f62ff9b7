"""Finds the bytes of JUMBF boxes in image and video files, as C2PA embeds them, with bounds.

Source: C2PA Technical Specification 2.1, appendix A. Where they lie:

JPEG            segments APP11 that begin with `JP`: a long box is cut over several segments, each
                of which repeats the header of the box (ISO/IEC 18477-3)
PNG             chunks `caBX`
WebP            chunks `C2PA`
GIF             application extensions `C2PA_GIF`
TIFF, BigTIFF   the tag 52545
MP4, MOV, HEIF, boxes `uuid` on the outermost level with the identifier of C2PA, of the purposes
AVIF            `manifest`, `original` and `update`
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from typing import Literal

_Order = Literal["little", "big"]

_PNG = b"\x89PNG\r\n\x1a\n"
_APP11, _SCAN, _END = 0xEB, 0xDA, 0xD9
_WITHOUT_LENGTH = frozenset([0x01, *range(0xD0, 0xD9)])  # markers: TEM, RST0 to RST7, SOI
_TAG = 52545
_BYTE_TYPES = (1, 7)  # BYTE and UNDEFINED
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_PURPOSES = (b"manifest", b"original", b"update")
_MOST_BYTES = 1 << 24  # of all boxes of a file
_MOST_PARTS = 1_000_000  # of a file: chunks, segments, boxes or tags


class JumbfFault(ValueError):
    """The error of boxes that are damaged or out of bounds."""


def find_streams(data: bytes) -> list[bytes]:
    """Return the bytes of each JUMBF box, or of several; none for files of other formats.

    Raises JumbfFault if a file has too many parts, too many of these bytes, or a damaged tag.
    """
    found, size = list[bytes](), 0
    for stream in next((read(data) for is_own, read in _FORMATS if is_own(data)), ()):
        size += len(stream)
        if size > _MOST_BYTES:
            raise JumbfFault("boxes are too large")
        found.append(stream)
    return found


def _of_jpeg(data: bytes) -> Iterator[bytes]:
    segments: dict[bytes, list[tuple[int, bytes]]] = defaultdict(list)  # box instance -> parts
    at = 2
    for _ in _parts():
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in (_SCAN, _END):
            break
        if marker in _WITHOUT_LENGTH:
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        payload = data[at + 4 : at + 2 + size]
        if marker == _APP11 and payload[:2] == b"JP" and len(payload) >= 16:
            part = int.from_bytes(payload[4:8], "big")
            segments[payload[2:4]].append((part, payload[8:]))
        at += 2 + max(size, 2)
    yield from map(_joined, segments.values())


def _joined(parts: list[tuple[int, bytes]]) -> bytes:
    """Join the parts of a box; each repeats its header."""
    first, *rest = (payload for _, payload in sorted(parts, key=lambda part: part[0]))
    header = 16 if first[:4] == b"\0\0\0\1" else 8
    return b"".join([first, *(payload[header:] for payload in rest)])


def _of_png(data: bytes) -> Iterator[bytes]:
    at = len(_PNG)
    for _ in _parts():
        if at + 8 > len(data):
            return
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind == b"caBX":
            yield data[at + 8 : at + 8 + size]
        if kind == b"IEND":
            return
        at += 12 + size


def _of_webp(data: bytes) -> Iterator[bytes]:
    at = 12
    for _ in _parts():
        if at + 8 > len(data):
            return
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if kind == b"C2PA":
            yield data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _of_gif(data: bytes) -> Iterator[bytes]:
    at = 13 + _colors(data, 10)
    for _ in _parts():
        if at + 2 > len(data):
            return
        if data[at] == 0x2C:  # an image: a descriptor, colors, the size of codes, and sub-blocks
            _, at = _sub_blocks(data, at + 11 + _colors(data, at + 9))
        elif data[at] == 0x21:  # an extension
            blocks, end = _sub_blocks(data, at + 2)
            if data[at + 1] == 0xFF and blocks[:8] == b"C2PA_GIF":
                yield blocks[11:]
            at = end
        else:
            return


def _colors(data: bytes, at: int) -> int:
    """Return the bytes of the table of colors that the flags at a place announce."""
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the content of sub-blocks that begin at a place, and where they end."""
    parts = []
    for _ in _parts():
        size = data[at] if at < len(data) else 0
        if not size:
            break
        parts.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    return b"".join(parts), at + 1


def _of_tiff(data: bytes) -> Iterator[bytes]:
    order: _Order = "little" if data[:2] == b"II" else "big"
    is_big = data[2:4] in (b"+\0", b"\0+")
    word, entry, counter = (8, 20, 8) if is_big else (4, 12, 2)

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at : at + size], order)

    directory, seen, parts = number(8 if is_big else 4, word), set[int](), _parts()
    while directory and directory not in seen:
        seen.add(directory)
        first, entries = directory + counter, number(directory, counter)
        for at in range(first, min(first + entry * entries, len(data)), entry):
            next(parts)
            if number(at, 2) != _TAG or number(at + 2, 2) not in _BYTE_TYPES:
                continue
            size = number(at + 4, word)
            start = number(at + 4 + word, word)
            if start + size > len(data) or size > _MOST_BYTES:
                raise JumbfFault("a tag is damaged, or too large")
            yield data[start : start + size]
        directory = number(first + entry * entries, word)


def _of_bmff(data: bytes) -> Iterator[bytes]:
    at = 0
    for _ in _parts():
        if at + 8 > len(data):
            return
        size, header = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        elif size == 0:  # up to the end
            size = len(data) - at
        if size < header:
            return
        start = at + header + 16
        if data[at + 4 : at + 8] == b"uuid" and data[start - 16 : start] == _C2PA:
            content = data[start + 4 : at + size]  # behind version and flags
            purpose, _, rest = content.partition(b"\0")
            if purpose in _PURPOSES:
                yield _without_padding(rest[8:])  # behind the place of a Merkle tree
        at += size


def _without_padding(data: bytes) -> bytes:
    """Return a box without zeros behind it."""
    size = int.from_bytes(data[:4], "big")
    return data if size < 8 or data[size:].strip(b"\0") else data[:size]


def _parts() -> Iterator[int]:
    """Count the parts of a file; raise JumbfFault if they are too many."""
    for number in count():
        if number == _MOST_PARTS:
            raise JumbfFault("too many parts")
        yield number


_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Iterator[bytes]]], ...] = (
    (lambda data: data.startswith(b"\xff\xd8\xff"), _of_jpeg),
    (lambda data: data.startswith(_PNG), _of_png),
    (lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _of_webp),
    (lambda data: data[:6] in (b"GIF87a", b"GIF89a"), _of_gif),
    (lambda data: data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _of_tiff),
    (lambda data: data[4:8] == b"ftyp", _of_bmff),
)
