"""Reads masks in COCO's compressed run lengths, which pycocotools takes unchecked.

On other texts, its C code reads and writes behind its memory, or does not end. So every mask from a
row or a file is read here first.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

_FIRST, _LAST = 48, 48 + 63  # characters of 6 bits
_MORE, _SIGN = 0x20, 0x10  # the number goes on in the next character; the number is negative
_BITS = 5  # of a number in each character, the lowest first
_MOST_DIGITS = 7  # of a number: enough for the pixels of the largest mask and a sign
_MOST_PIXELS = (1 << 32) - 1  # which pycocotools counts in 32 bits
_LONGEST_TEXT = 1 << 22  # characters, whose check takes 74 bytes each


class WrongMask(ValueError):
    """A value is no mask that pycocotools can read; the message has nothing of the value."""


class RunLengths(NamedTuple):
    """A mask in COCO's compressed run lengths."""

    size: tuple[int, int]  # height, width
    counts: str


def read_mask(mask: object) -> RunLengths:
    """Return a mask, a mapping of `size` and `counts`; raise WrongMask if it is none."""
    size = mask.get("size") if isinstance(mask, Mapping) else None
    counts = mask.get("counts") if isinstance(mask, Mapping) else None
    if isinstance(counts, bytes):
        counts = counts.decode("ascii", "replace")
    if not isinstance(size, list | tuple) or len(size) != 2 or not isinstance(counts, str):
        raise WrongMask("a mask without size and counts")
    if not all(isinstance(side, int) and side > 0 for side in size):
        raise WrongMask("a mask whose size is not two positive numbers")
    if not covers(counts, size[0] * size[1]):
        raise WrongMask("a mask whose counts do not cover its size")
    return RunLengths((size[0], size[1]), counts)


def covers(counts: str, pixels: int) -> bool:
    """Return whether a text is run lengths that cover exactly so many pixels, below 2 ** 32.

    From the fourth on, a number is the difference from the length two runs before.
    """
    if not counts or not counts.isascii() or len(counts) > _LONGEST_TEXT or pixels > _MOST_PIXELS:
        return False
    codes = np.frombuffer(counts.encode(), np.uint8).astype(np.int64) - _FIRST
    ends = np.flatnonzero((codes & _MORE) == 0)
    if codes.min() < 0 or codes.max() > _LAST - _FIRST or codes[-1] & _MORE:
        return False
    starts = np.concatenate([[0], ends[:-1] + 1])
    digits = ends - starts + 1
    if digits.max() > _MOST_DIGITS:
        return False
    places = np.arange(len(codes)) - np.repeat(starts, digits)
    numbers = np.add.reduceat((codes & (_MORE - 1)) << _BITS * places, starts)
    lengths = numbers - np.where(codes[ends] & _SIGN, 1 << _BITS * digits, 0)
    lengths[1::2] = np.cumsum(lengths[1::2])
    lengths[2::2] = np.cumsum(lengths[2::2])
    return bool(lengths.min() >= 0 and lengths.max() <= pixels and lengths.sum() == pixels)
