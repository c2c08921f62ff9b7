"""The counts of committed rows, recorded while the work goes, so that no footer is read for them.

A control object has the counts of up to a thousand units, each with a stamp: a digest of the names
and versions of the unit's files. Counts are valid as long as a listing gives the same stamp, so
that no file that was deleted, replaced or written anew is counted wrongly. A unit without valid
counts is counted from the footers of its files.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError, model_validator

from pipelines.output.layout import Layout
from pipelines.output.listing import OutputListing
from pipelines.output.stamps import unit_stamp
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen
from schemas.regular_file import NotRegularFile
from schemas.report import Counts, UnitReport

UNITS_PER_OBJECT = 1000
_OBJECTS_AT_ONCE = 32  # objects in memory

_Path = tuple[str, ...]  # of a number in Counts, such as ("reasons", "text_quality/too_short")


class _Column(Frozen):
    """One number of Counts for each unit; None: the unit's counts do not have it."""

    path: _Path
    """The keys that lead to the number in Counts."""
    values: tuple[int | None, ...]
    """The number of each unit; null if the unit's counts do not have it."""


class CountsObject(Frozen):
    """The content of a control object."""

    fingerprint: str
    """The fingerprint of the job."""
    units: tuple[str, ...]
    """The names of the units."""
    stamps: tuple[int, ...]
    """The stamp of each unit: a digest of the names and versions of its files."""
    columns: tuple[_Column, ...]
    """The numbers of all units."""

    @model_validator(mode="after")
    def _equal_lengths(self) -> Self:
        if {len(self.stamps), *(len(each.values) for each in self.columns)} != {len(self.units)}:
            raise ValueError("columns differ in length")
        return self

    def numbers(self, row: int) -> dict[_Path, int]:
        """Return the numbers of the unit in a row, each by its path."""
        return {
            column.path: value
            for column in self.columns
            if (value := column.values[row]) is not None
        }


class CountsWriter:
    """Writes the counts of units to control objects, each as soon as it is full."""

    def __init__(self, layout: Layout, storage: Storage, name: str, fingerprint: str) -> None:
        """Write objects of this name with a number; `fingerprint` is that of the job."""
        self._layout = layout
        self._storage = storage
        self._name = name
        self._fingerprint = fingerprint
        self._rows: list[tuple[str, int, dict[_Path, int]]] = []
        self._objects = 0

    def add_report(self, report: UnitReport) -> None:
        """Add the counts of the files that an attempt committed."""
        if report.files and len(report.files) == len(report.versions):
            stamp = unit_stamp(zip(report.files, report.versions, strict=True))
            self.add(report.unit, stamp, report.counts)

    def add(self, unit: str, stamp: int, counts: Counts) -> None:
        """Add the counts of files of a unit; `stamp` is that of these files."""
        self.add_numbers(unit, stamp, _flatten(counts))

    def add_numbers(self, unit: str, stamp: int, numbers: "dict[_Path, int]") -> None:
        """Add counts as an object has them: each number by its path."""
        self._rows.append((unit, stamp, numbers))
        if len(self._rows) >= UNITS_PER_OBJECT:
            self.flush()

    def flush(self) -> None:
        """Write the counts that are in no object yet."""
        if not self._rows:
            return
        units, stamps, counts = zip(*sorted(self._rows, key=lambda row: row[0]), strict=True)
        paths = dict.fromkeys(path for each in counts for path in each)
        content = CountsObject(
            fingerprint=self._fingerprint,
            units=units,
            stamps=stamps,
            columns=tuple(
                _Column(path=path, values=tuple(each.get(path) for each in counts))
                for path in paths
            ),
        )
        path = self._layout.counts(f"{self._name}-{self._objects:05d}")
        self._storage.write_bytes(path, content.model_dump_json().encode())
        self._objects += 1
        self._rows.clear()


@dataclass(frozen=True, slots=True)
class RecordedCounts:
    """The sum of all valid counts, and the units whose rows they count."""

    counts: Counts
    covered: npt.NDArray[np.bool_]  # by the position of a unit in the listing


def read_recorded_counts(
    layout: Layout, listing: OutputListing, fingerprint: str, storage: Storage
) -> RecordedCounts:
    """Add up the counts in an output's control objects that are valid for its listing.

    An object that is damaged, gone or of another job does not count.
    """
    covered = np.zeros(len(listing.units), np.bool_)
    sums: dict[_Path, int] = {}
    parts: dict[int, dict[int, dict[_Path, int]]] = defaultdict(dict)  # position -> stamp -> counts
    for objects in _read_objects(layout, listing, fingerprint, storage):
        positions = _positions(objects, listing)
        for content in objects:
            rows: list[int] = []
            for row, (unit, stamp) in enumerate(zip(content.units, content.stamps, strict=True)):
                position = positions.get(unit)
                if position is None or covered[position]:
                    continue
                if stamp == int(listing.stamps[position]):
                    covered[position] = True
                    rows.append(row)
                elif listing.parts[position] > 1:  # attempts may have committed some parts each
                    parts[position][stamp] = content.numbers(row)
            for column in content.columns:
                _add(sums, column.path, [column.values[row] for row in rows])
    for position, by_stamp in parts.items():
        stamp = 0
        for each in by_stamp:
            stamp ^= each
        if not covered[position] and stamp == int(listing.stamps[position]):
            covered[position] = True
            for counts in by_stamp.values():
                for path, value in counts.items():
                    _add(sums, path, [value])
    return RecordedCounts(_unflatten(sums), covered)


def _read_objects(
    layout: Layout, listing: OutputListing, fingerprint: str, storage: Storage
) -> Iterator[list[CountsObject]]:
    """Yield the job's objects, some at a time."""
    contents = (content for _, content in read_objects(layout, listing, fingerprint, storage))
    while some := list(islice(contents, _OBJECTS_AT_ONCE)):
        yield [each for each in some if each is not None]


def read_objects(
    layout: Layout, listing: OutputListing, fingerprint: str, storage: Storage
) -> Iterator[tuple[str, CountsObject | None]]:
    """Yield name and content of each object; None for one that is damaged or of another job."""

    def read(name: str) -> tuple[str, CountsObject | None]:
        try:
            content = CountsObject.model_validate_json(storage.read_bytes(layout.counts(name)))
        except (FileNotFoundError, NotRegularFile, ValidationError):
            return name, None
        return name, content if content.fingerprint == fingerprint else None

    return read_concurrently(read, listing.counts)


def _positions(objects: list[CountsObject], listing: OutputListing) -> dict[str, int]:
    """Return the positions of the units of objects; sorted names are looked up quickly."""
    names = sorted({unit for content in objects for unit in content.units})
    found = ((name, listing.units.find(name)) for name in names)
    return {name: position for name, position in found if position is not None}


def _add(sums: dict[_Path, int], path: _Path, values: list[int | None]) -> None:
    numbers = [value for value in values if value is not None]
    if numbers:
        sums[path] = sums.get(path, 0) + sum(numbers)


def _flatten(counts: Counts) -> dict[_Path, int]:
    """Return each number of counts by its path."""
    numbers: dict[_Path, int] = {}
    for field, value in counts.model_dump().items():
        if isinstance(value, int):
            numbers[field,] = value
        elif field == "filters":
            for each in value:
                name = each.pop("name")
                numbers |= {(field, name, key): number for key, number in each.items()}
        else:
            numbers |= {(field, key): number for key, number in value.items()}
    return numbers


def _unflatten(numbers: dict[_Path, int]) -> Counts:
    """Return the counts that have these numbers; mappings are sorted, filters are in order."""
    filters: dict[str, dict[str, Any]] = {}
    for (field, *keys), number in numbers.items():
        if field == "filters":
            filters.setdefault(keys[0], {"name": keys[0]})[keys[1]] = number
    fields: dict[str, Any] = {"filters": tuple(filters.values())}
    for (field, *keys), number in sorted(numbers.items()):
        if not keys:
            fields[field] = number
        elif field != "filters":
            fields.setdefault(field, {})[keys[0]] = number
    return Counts.model_validate(fields)
