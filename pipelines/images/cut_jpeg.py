"""Completes a JPEG that ends early (ITU-T T.81, annex B)."""

import hashlib
import re
from collections import defaultdict

from pipelines.images.completed_file import CompletedFile

# Markers of segments, and of the end; not TEM, RSTn and SOI, nor fill bytes and escaped bytes.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]", re.DOTALL)
_START_OF_SCAN, _END = 0xDA, 0xD9
_MOST_SEGMENTS = 10_000  # of a JPEG that is completed; the segments of metadata are at most 64 kB
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOFn; not DHT, JPG, DAC
_END_OF_IMAGE = b"\xff\xd9"
# Entropy-coded bytes that stand for the missing ones. The decoder takes 0 for missing bits, so the
# first bit is 1; the others look random, and no byte is a marker's.
_HASHES = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(128))
_OTHER_BITS = b"\xaa" + _HASHES.replace(b"\xff", b"")


def complete_jpeg(data: bytes) -> CompletedFile | None:
    """Return a JPEG that ends before its pixels do with two ends; None for any other.

    The first end is only the marker of an end. The second also has data for a part of what is
    missing, so rows that differ are not, or not all, in the file. No row of a progressive JPEG is
    whole before every coefficient is in full precision, and so before its last scan.
    """
    is_last_scan = _ends_in_last_scan(data)
    if is_last_scan is None:
        return None
    cut = data.rstrip(b"\xff")  # the first byte of a marker or of an escaped byte
    if not is_last_scan:
        return CompletedFile(cut + _END_OF_IMAGE, 0.0)
    return CompletedFile(cut + _END_OF_IMAGE, None, cut + _OTHER_BITS + _END_OF_IMAGE)


def _ends_in_last_scan(data: bytes) -> bool | None:
    """Return whether the file ends in its last scan; None if it is not cut, or has no scan.

    The last scan is the one with which all coefficients are sent in full precision.
    """
    components: tuple[int, ...] = ()
    sent: dict[int, int] = defaultdict(int)  # component -> bits of the coefficients sent
    at = segments = 0
    has_scan = False
    while marker := _MARKER.search(data, at):
        code, at, segments = data[marker.start() + 1], marker.end(), segments + 1
        length = int.from_bytes(data[at : at + 2], "big")
        segment, at = data[at + 2 : at + length], at + length
        if code == _END or segments > _MOST_SEGMENTS:
            return None
        if at > len(data):
            return False if has_scan else None
        if length < 2:
            return None
        if code in _FRAMES:
            components = tuple(segment[6::3])
        elif code == _START_OF_SCAN:
            has_scan = True
            if len(segment) >= 4 and segment[-1] & 0x0F == 0:
                first, last = segment[-3], segment[-2]
                for component in segment[1:-3:2]:
                    sent[component] |= (2 << last) - (1 << first) if first <= last < 64 else 0
    if not has_scan or not components:
        return None
    return all(sent[component] == (1 << 64) - 1 for component in components)
