"""Counts the frames of an image without decoding them."""

import re
from collections.abc import Iterator
from itertools import islice

from PIL import Image, TiffImagePlugin

from pipelines.images.tiff_limits import count_pages

# Formats whose headers state the number of frames.
_COUNTED = frozenset({"PNG", "WEBP", "AVIF"})
_IMAGE, _END = b",", b";"  # the blocks of a GIF that are not extensions
_BLOCK = re.compile(rb"[!,;]")


def count_frames(opened: Image.Image, data: bytes, most: int) -> int:
    """Count the frames of an animation or the pages of a TIFF; return 1 for any other image.

    In GIF and TIFF the count stops at `most`. The second image that some cameras append to a JPEG
    does not count, because no viewer shows it.
    """
    if opened.format == "GIF":
        return count_gif_frames(data, most)
    if isinstance(opened, TiffImagePlugin.TiffImageFile):
        return count_pages(opened, most)
    return int(getattr(opened, "n_frames", 1)) if opened.format in _COUNTED else 1


def count_gif_frames(data: bytes, most: int) -> int:
    """Count the frames of a GIF, from 1 to `most`, by its blocks.

    The result equals Pillow's own count, which has no bound. In a cut GIF the count stops at the
    cut.
    """
    images = (block for block, _ in gif_blocks(data) if block == _IMAGE)
    return max(sum(1 for _ in islice(images, most)), 1)


def gif_blocks(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the blocks of a GIF, `,` or `!`, with their positions (GIF89a, sections 12 to 26).

    In a cut GIF the blocks stop at the cut.
    """
    try:
        at = 13 + color_table_bytes(data[10])
        while (found := _BLOCK.search(data, at)) and found[0] != _END:
            at = found.start()
            yield found[0], at
            at += 10 + color_table_bytes(data[at + 9]) + 1 if found[0] == _IMAGE else 2
            while size := data[at]:
                at += size + 1
            at += 1
    except IndexError:
        return  # the file is cut


def color_table_bytes(flags: int) -> int:
    """Return the size in bytes of the color table that a block's flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
