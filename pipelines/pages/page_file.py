"""Writes the file of a page, which appears whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from schemas.full_disk import naming_full_disk


class PageFile:
    """A page in the making; with `is_wanted` False, it is not kept."""

    def __init__(self, file: TextIO) -> None:
        self.write = file.write
        self.is_wanted = True


@contextmanager
def page_file(path: Path) -> Iterator[PageFile]:
    """Lend a file for the text of a page, and put it in place at the end of the context.

    After an exception, nothing is left.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with (
            naming_full_disk(str(path)),
            unfinished.open("w", encoding="utf-8", newline="\n") as file,
        ):
            page = PageFile(file)
            yield page
        if page.is_wanted:
            unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
