"""Completes a PNG that ends early (W3C PNG, third edition, sections 5, 8 and 10)."""

import itertools
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from pipelines.images.completed_file import CompletedFile

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # color type -> samples of a pixel
_DEPTHS = {1, 2, 4, 8, 16}
_STEP, _SLICE = 1 << 20, 1 << 16  # bytes that are written and read at a time
_MOST_CHUNKS = 100_000  # of a PNG that is completed
# Interlacing: first column and row of each pass, and the steps between its columns and rows.
_PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2)),
    (0, 1, 1, 2),
)


class _Shape(NamedTuple):
    rows: int
    row_bytes: int  # of a row in the file, with its filter type; 0: interlaced
    size: int  # bytes of all pixels in the file, uncompressed


def complete_png(data: bytes) -> CompletedFile | None:
    """Return a PNG that is cut within its pixels with an end, and the share of rows it has.

    Missing bytes are 0. An interlaced PNG has all rows or none, because the last pass has every
    second row. Returns None for any other PNG, and for one with damaged pixels. Pixels are
    compressed anew in steps, so memory grows with the file and not with the pixels.
    """
    chunks, pixels = [], []
    shape: _Shape | None = None
    for number, (kind, content, is_whole) in enumerate(_chunks(data)):
        if number == _MOST_CHUNKS or (kind == b"IHDR") != (number == 0):
            return None
        if kind == b"IHDR":
            shape = _shape(content)
        elif kind == b"IDAT":
            pixels.append(content)
        elif pixels or not is_whole:
            return None  # the pixels are whole, or none of them are there
        if kind not in (b"IDAT", b"acTL"):  # nothing of an animation follows
            chunks.append(_chunk(kind, content))
    if shape is None or not pixels:
        return None
    try:
        stream, length = _recompress(b"".join(pixels), shape.size)
    except zlib.error:
        return None
    if shape.row_bytes:
        share = length // shape.row_bytes / shape.rows
    else:
        share = float(length == shape.size)
    ends = _chunk(b"IDAT", stream) + _chunk(b"IEND", b"")
    return CompletedFile(b"".join([_SIGNATURE, *chunks, ends]), share)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield type and content of each chunk, and whether it is whole.

    A chunk with an impossible type or a wrong checksum is the last, and has no type.
    """
    at = len(_SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        if not kind.isalpha():
            yield b"", b"", False
            return
        content = data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + 12 + length]
        at += 12 + length
        if at <= len(data) and checksum != struct.pack(">I", zlib.crc32(content, zlib.crc32(kind))):
            yield b"", b"", False
            return
        yield kind, content, at <= len(data)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", checksum)


def _shape(header: bytes) -> _Shape | None:
    if len(header) != 13:
        return None
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if color not in _CHANNELS or depth not in _DEPTHS or not width or not height:
        return None
    bits = depth * _CHANNELS[color]
    if not interlaced:
        row_bytes = 1 + (width * bits + 7) // 8
        return _Shape(height, row_bytes, height * row_bytes)
    size = 0
    for left, top, across, down in _PASSES:
        columns, rows = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            size += rows * (1 + (columns * bits + 7) // 8)
    return _Shape(height, 0, size)


def _recompress(stream: bytes, size: int) -> tuple[bytes, int]:
    """Return the compressed pixels with zeros to their full size, and how many bytes were there.

    Raises zlib.error if the stream is damaged.
    """
    source, target = zlib.decompressobj(), zlib.compressobj(1)
    pieces = []
    length = 0
    slices = (stream[start : start + _SLICE] for start in range(0, len(stream), _SLICE))
    for some in itertools.chain(slices, [b""]):
        rest = some
        while length < size and (pixels := source.decompress(rest, min(_STEP, size - length))):
            length += len(pixels)
            rest = source.unconsumed_tail
            pieces.append(target.compress(pixels))
    for start in range(length, size, _STEP):
        pieces.append(target.compress(bytes(min(_STEP, size - start))))
    return b"".join([*pieces, target.flush()]), length
