"""How many frames an image has, told without decoding them, and which of them filters see."""

import re

from PIL import Image, TiffImagePlugin

from pipelines.images.tiff_limits import count_pages

# Formats whose headers tell.
_COUNTED = frozenset({"PNG", "WEBP", "AVIF"})
_IMAGE, _END = b",;"  # blocks of a GIF that are no extension
_BLOCK = re.compile(rb"[!,;]")


def count_frames(opened: Image.Image, data: bytes, most: int) -> int:
    """Frames of an animation, or pages; 1 of any other image. Counting a GIF or TIFF ends at
    `most`.

    The second picture that some cameras put behind a JPEG is no frame: nobody is shown it.
    """
    if opened.format == "GIF":
        return count_gif_frames(data, most)
    if isinstance(opened, TiffImagePlugin.TiffImageFile):
        return count_pages(opened, most)
    return int(getattr(opened, "n_frames", 1)) if opened.format in _COUNTED else 1


def sampled(number: int, most: int) -> list[int]:
    """At most so many of the frames 0 ... number - 1: spread evenly, first and last among them."""
    if number <= most:
        return list(range(number))
    return sorted({round(step * (number - 1) / max(most - 1, 1)) for step in range(most)})


def count_gif_frames(data: bytes, most: int) -> int:
    """Frames of a GIF, at least 1 and at most `most`, by walking its blocks (GIF89a, 12 to 26).

    What Pillow's own count comes to, which has no bound; of one that is cut, up to there.
    """
    frames = 0
    try:
        at = 13 + _table(data[10])
        while frames < most:
            block = _BLOCK.search(data, at)
            if block is None or data[block.start()] == _END:
                break
            at = block.start()
            if data[at] == _IMAGE:
                frames += 1
                at += 10 + _table(data[at + 9]) + 1
            else:
                at += 2
            while size := data[at]:
                at += size + 1
            at += 1
    except IndexError:
        pass  # it is cut
    return max(frames, 1)


def _table(flags: int) -> int:
    """Bytes of the colour table that a block announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
