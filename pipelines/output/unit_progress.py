"""The progress of one unit, looked up file by file: no folder of 100,000 files is listed."""

from itertools import count
from typing import NamedTuple

from pipelines.output.layout import Layout, part_file, whole_file
from pipelines.storage.storage import Storage
from schemas.sample import Unit

_SMALLEST_SAMPLE = 512  # bytes of a sample in a tar: the header of an empty member


class UnitProgress(NamedTuple):
    """How much of a unit is committed: its first `parts` parts, or one whole file (`parts` is 0).

    If nothing is committed, `parts` is 0 and `complete` is False.
    """

    parts: int = 0
    complete: bool = False
    files: tuple[str, ...] = ()  # relative to the output


def find_unit_progress(unit: str, layout: Layout, storage: Storage) -> UnitProgress:
    """Look up the committed files of a unit; a listing of the output gives the same result."""
    if _exists(layout.file(whole_file(unit)), storage):
        return UnitProgress(0, True, (whole_file(unit),))
    files: list[str] = []
    for number in count():
        for last in (False, True):
            name = part_file(unit, number, last)
            if _exists(layout.file(name), storage):
                files.append(name)
                break
        if len(files) == number or last:
            return UnitProgress(len(files), len(files) > number, tuple(files))
    raise AssertionError


def next_files(unit: Unit, parts: int, max_samples: int) -> tuple[str, ...]:
    """Return the files of a unit of which one exists if more is committed than `parts` parts.

    `max_samples` is that of a file.
    """
    if parts:
        return part_file(unit.name, parts, False), part_file(unit.name, parts, True)
    is_small = unit.size <= max_samples * _SMALLEST_SAMPLE
    if unit.slice is None and unit.path.endswith(".tar") and is_small:
        return (whole_file(unit.name),)
    return whole_file(unit.name), part_file(unit.name, 0, False)


def find_attempts(unit: str, layout: Layout, storage: Storage) -> int:
    """Count the attempts at a unit since its last recorded outcome, by their markers."""
    return next(n - 1 for n in count(1) if not _exists(layout.attempt(unit, n), storage))


def _exists(path: str, storage: Storage) -> bool:
    return storage.entry(path) is not None
