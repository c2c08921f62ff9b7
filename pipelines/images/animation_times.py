"""Sums the times for which the frames of an animated image are shown, without decoding frames."""

import struct
from collections.abc import Iterator
from fractions import Fraction

from pipelines.images.frames import gif_blocks

_GRAPHIC_CONTROL = 0xF9  # the label of the GIF extension that states the delay of a frame
_PNG = b"\x89PNG\r\n\x1a\n"


def shown_seconds(data: bytes) -> float | None:
    """Return the seconds that all frames of a GIF, WebP or PNG are shown once.

    None: the file states no time, or is another image. In a file that is cut, the sum ends there.
    """
    try:
        return float(sum(_delays(data), Fraction())) or None
    except (struct.error, IndexError):
        return None


def _delays(data: bytes) -> Iterator[Fraction]:
    """Yield the delay of each frame in seconds."""
    if data.startswith(b"GIF8"):
        for block, at in gif_blocks(data):
            if block == b"!" and data[at + 1] == _GRAPHIC_CONTROL:
                yield Fraction(int.from_bytes(data[at + 4 : at + 6], "little"), 100)
    elif data.startswith(_PNG):
        for name, content in _png_chunks(data):
            if name == b"fcTL":  # PNG, third edition, section 11.3.6.2
                number, parts = struct.unpack_from(">HH", content, 20)
                yield Fraction(number, parts or 100)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        for name, content in _riff_chunks(data):
            if name == b"ANMF":  # RFC 9649, section 2.7.1.1
                yield Fraction(int.from_bytes(content[12:15], "little"), 1000)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    at = len(_PNG)
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], memoryview(data)[at + 8 : at + 8 + size]
        at += size + 12


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    at = 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], memoryview(data)[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
