"""Completes image files that end early, so that Pillow decodes the rows that they have.

A completed file is decoded like any other: Pillow's LOAD_TRUNCATED_IMAGES, which would hold for all
images of the process, stays off. What is missing is gray in a JPEG, and 0 in other formats.
"""

from collections.abc import Callable, Mapping

from pipelines.images.completed_file import CompletedFile
from pipelines.images.cut_gif import complete_gif
from pipelines.images.cut_jpeg import complete_jpeg
from pipelines.images.cut_png import complete_png

_COMPLETE: Mapping[str, Callable[[bytes], CompletedFile | None]] = {
    "JPEG": complete_jpeg,
    "MPO": complete_jpeg,  # a JPEG with further images behind it
    "PNG": complete_png,
    "GIF": complete_gif,
}


def complete_file(data: bytes, file_format: str | None) -> CompletedFile | None:
    """Complete a file of which Pillow could not decode the first frame.

    Returns None if the file is not cut within that frame, is damaged before the cut, or is no JPEG,
    PNG or GIF.
    """
    complete = _COMPLETE.get(file_format or "")
    return complete(data) if complete else None
