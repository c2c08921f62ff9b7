"""Directories of TIFF, which EXIF data are too, read so that a small one cannot fill the memory."""

from typing import IO, Any

from PIL import Image, TiffImagePlugin

_SHARED = 1 << 16  # bytes that values may have in common, as resolutions across and down do
_TILE = (322, 323)  # tags: width and length

_load: Any = TiffImagePlugin.ImageFileDirectory_v2.load


class _Bounded:
    """A stream of which no more is read than it holds, but for a little."""

    def __init__(self, stream: IO[bytes]) -> None:
        here = stream.tell()
        self._left = stream.seek(0, 2) + _SHARED
        stream.seek(here)
        self._stream = stream
        self.tell, self.seek = stream.tell, stream.seek

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._left -= len(content)
        if self._left < 0:
            raise ValueError("values that overlap")
        return content


def _load_bounded(directory: TiffImagePlugin.ImageFileDirectory_v2, stream: IO[bytes]) -> None:
    _load(directory, _Bounded(stream))


# Entries may all lead to the same bytes, and Pillow copies them for each: 2 GB of a file of 1 MB.
TiffImagePlugin.ImageFileDirectory_v2.load = _load_bounded  # type: ignore[assignment, method-assign]


def count_pages(opened: TiffImagePlugin.TiffImageFile, most: int) -> int:
    """Pages of a TIFF, at most `most`: Pillow's own count has no bound, and takes their square."""
    try:
        for number in range(1, most):
            opened.seek(number)
    except EOFError:
        return number
    finally:
        opened.seek(0)
    return most


def tile_size(opened: Image.Image) -> tuple[int, int]:
    """Width and height in pixels of what a TIFF is decoded by, which may exceed the image."""
    if not isinstance(opened, TiffImagePlugin.TiffImageFile):
        return 0, 0
    width, height = (opened.tag_v2.get(tag, 0) for tag in _TILE)
    return width, height
