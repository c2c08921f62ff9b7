"""Bounds what Pillow reads of TIFF directories and EXIF: a small file must not fill the memory."""

from typing import IO, Any

from PIL import Image, TiffImagePlugin

_SHARED = 1 << 16  # bytes that may be read again: x and y resolution may share theirs
_TILE = (322, 323)  # tags: width and length

_load: Any = TiffImagePlugin.ImageFileDirectory_v2.load


class _Bounded:
    """A stream that raises ValueError once more bytes are read than its size plus `_SHARED`."""

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


# All entries may point to the same bytes, which Pillow copies for each: 2 GB for a 1 MB file.
TiffImagePlugin.ImageFileDirectory_v2.load = _load_bounded  # type: ignore[assignment, method-assign]


def count_pages(opened: TiffImagePlugin.TiffImageFile, most: int) -> int:
    """Count the pages of a TIFF up to `most`; Pillow's own count is unbounded and quadratic."""
    try:
        for number in range(1, most):
            opened.seek(number)
    except EOFError:
        return number
    finally:
        opened.seek(0)
    return most


def tile_size(opened: Image.Image) -> tuple[int, int]:
    """Return width and height of a TIFF's tiles in pixels, which may exceed the image's.

    The size is (0, 0) for an image without tiles.
    """
    if not isinstance(opened, TiffImagePlugin.TiffImageFile):
        return 0, 0
    width, height = (opened.tag_v2.get(tag, 0) for tag in _TILE)
    return width, height
