"""How far one unit is now, told by looking for its files: no folder of 100,000 is listed."""

from itertools import count

from pipelines.output.layout import Layout, part_file, whole_file
from pipelines.output.listing import UnitProgress
from pipelines.storage.storage import Storage


def find_unit_progress(unit: str, layout: Layout, storage: Storage) -> UnitProgress:
    """As a listing of the output would show it."""
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


def find_attempts(unit: str, layout: Layout, storage: Storage) -> int:
    """Attempts that were noted and not yet reported."""
    return next(n - 1 for n in count(1) if not _exists(layout.attempt(unit, n), storage))


def _exists(path: str, storage: Storage) -> bool:
    try:
        storage.open(path).close()
    except FileNotFoundError:
        return False
    return True
