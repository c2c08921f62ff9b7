"""Checks masks in COCO's compressed run lengths, which pycocotools reads unchecked.

On other texts, its C code reads and writes behind its memory, or does not end.
"""

_FIRST, _LAST = 48, 48 + 63  # characters of 6 bits
_MORE, _SIGN = 0x20, 0x10  # the number goes on in the next character; the number is negative
_BITS = 5  # of a number in each character, the lowest first
_MOST_BITS = 35  # of a number: enough for 65,536 x 65,536 pixels and a sign


def covers(counts: str, pixels: int) -> bool:
    """Return whether a text is run lengths that cover exactly so many pixels.

    From the fourth on, a number is the difference from the length two runs before.
    """
    lengths: list[int] = []
    total = number = shift = 0
    for character in counts:
        code = ord(character) - _FIRST
        if not 0 <= code <= _LAST - _FIRST or shift >= _MOST_BITS:
            return False
        number |= (code & (_MORE - 1)) << shift
        shift += _BITS
        if code & _MORE:
            continue
        if code & _SIGN:
            number -= 1 << shift
        length = number + (lengths[-2] if len(lengths) > 2 else 0)
        total += length
        if length < 0 or total > pixels:
            return False
        lengths.append(length)
        number = shift = 0
    return not shift and total == pixels
