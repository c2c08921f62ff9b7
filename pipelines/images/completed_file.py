"""An image file that ended early, with an end that lets Pillow decode the rows that it has."""

from typing import NamedTuple


class CompletedFile(NamedTuple):
    """A completed file, and the rows of its first frame that were in the file.

    `rows` is their share, from 0 to 1. It is None if rows are to be compared: those that differ in
    `other`, the file with another end, depend on what is missing.
    """

    data: bytes
    rows: float | None
    other: bytes = b""
