"""Counts the frames of an image without decoding them, and samples the frames for filters."""

import re

from PIL import Image, TiffImagePlugin

from pipelines.images.tiff_limits import count_pages

# Formats whose headers state the number of frames.
_COUNTED = frozenset({"PNG", "WEBP", "AVIF"})
_IMAGE, _END = b",;"  # the blocks of a GIF that are not extensions
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


def sampled(number: int, most: int) -> list[int]:
    """Return the indices of at most `most` of `number` frames, evenly spaced.

    The first and the last frame are included; if `most` is 1, only the first.
    """
    if number <= most:
        return list(range(number))
    return sorted({round(step * (number - 1) / max(most - 1, 1)) for step in range(most)})


def count_gif_frames(data: bytes, most: int) -> int:
    """Count the frames of a GIF, from 1 to `most`, by its blocks (GIF89a, sections 12 to 26).

    The result equals Pillow's own count, which has no bound. In a cut GIF the count stops at the
    cut.
    """
    frames = 0
    try:
        at = 13 + color_table_bytes(data[10])
        while frames < most:
            block = _BLOCK.search(data, at)
            if block is None or data[block.start()] == _END:
                break
            at = block.start()
            if data[at] == _IMAGE:
                frames += 1
                at += 10 + color_table_bytes(data[at + 9]) + 1
            else:
                at += 2
            while size := data[at]:
                at += size + 1
            at += 1
    except IndexError:
        pass  # the file is cut
    return max(frames, 1)


def color_table_bytes(flags: int) -> int:
    """Return the size in bytes of the color table that a block's flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
