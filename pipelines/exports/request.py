"""What an export is asked for; two exports are the same if these values are."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import NonNegativeInt, PositiveInt

from schemas.errors import JobError
from schemas.frozen import Frozen

BYTES_PER_FILE = 500_000_000
_SIZE = re.compile(r"([0-9]{1,15}) ?(B|kB|KB|MB|GB|TB)?")
_UNITS = {None: 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


class ExportRequest(Frozen):
    """What a user asks for: the format, the rows, and how they are ordered and divided."""

    format: str
    """The name of the format."""
    where: str | None = None
    """A condition over rows; null: the sample is kept."""
    columns: tuple[str, ...] | None = None
    """The columns of the export; null: all."""
    shuffle: NonNegativeInt | None = None
    """The seed of the order of rows; null: the order of the output."""
    split: str | None = None
    """The names of splits with their shares; null: one split."""
    rows_per_file: PositiveInt | None = None
    """The most rows of a file."""
    bytes_per_file: PositiveInt | None = None
    """The size of rows that ends a file, in bytes; null: as the format has it."""
    images: bool = True
    """Whether image files are exported, if the format takes them."""


_OPTIONS = {"format": "--to", "images": "--without-images"}


def differing_options(request: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the options of the command line in which two requests differ."""
    names = [name for name in request if request[name] != other.get(name)]
    return [_OPTIONS.get(name, f"--{name.replace('_', '-')}") for name in names]


def parse_size(text: str | None) -> int | None:
    """Return the bytes of a size, such as `500MB`; raise JobError if it is none."""
    if text is None:
        return None
    found = _SIZE.fullmatch(text)
    size = int(found[1]) * _UNITS[found[2]] if found else 0
    if size < 1:
        raise JobError(f"--bytes-per-file: {text!r} is no size: write 500MB, or a number of bytes")
    return size
