"""Classifies the files of an output: units and their parts, foreign files, leftovers.

Of the files of units, numbers are kept and no names: the names follow from them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pipelines.output.control_files import ControlFiles
from pipelines.output.layout import CONTROL_FOLDER, PART_NAME, Layout, part_file, whole_file
from pipelines.output.stamps import file_stamp
from pipelines.output.unit_progress import UnitProgress
from pipelines.storage.storage import Entry
from schemas.units import NameIndex

_NONE = -1  # instead of the number of a part


@dataclass(frozen=True, slots=True, eq=False)
class OutputListing:
    """The files of an output, sorted by their purpose."""

    units: NameIndex  # the names of the units; the position of a unit is that in these names
    parts: npt.NDArray[np.int32]  # by position: how many parts of the unit follow without a gap
    complete: npt.NDArray[np.bool_]  # by position: is the unit committed whole
    stamps: npt.NDArray[np.uint64]  # by position: of the unit's files that count; 0: unknown
    strangers: tuple[str, ...]  # Parquet files that are no unit's, and parts behind a gap or end
    leftovers: tuple[str, ...]  # temporary files of dead workers, and notes that no unit needs
    notes: dict[str, str]  # path of a failure report, report or attempt marker -> its unit
    attempts: dict[str, int]  # unit -> highest number of an attempt marker
    failed: frozenset[str]  # units with a failure report
    runs: tuple[str, ...]  # ids of runs with a summary
    last_run: str  # the one whose summary was written last; "" if there is none
    counts: tuple[str, ...]  # names of control objects with counts
    manifests: tuple[str, ...]  # names of the manifests of all records
    heartbeats: tuple[str, ...]  # ids of runs that are active or died
    drift: tuple[str, ...]  # names of records about the answers of runs
    has_success_file: bool  # _SUCCESS exists
    forgotten: tuple[str, ...] = ()  # names of lists of samples to forget

    def progress_of(self, unit: str) -> UnitProgress:
        position = self.units.find(unit)
        return UnitProgress() if position is None else self.progress_at(position)

    def progress_at(self, position: int) -> UnitProgress:
        parts, complete = int(self.parts[position]), bool(self.complete[position])
        if not complete and not parts:
            return UnitProgress()
        unit = self.units.names[position].as_py()
        if not parts:
            return UnitProgress(0, True, (whole_file(unit),))
        last = parts - 1 if complete else _NONE
        files = tuple(part_file(unit, number, number == last) for number in range(parts))
        return UnitProgress(parts, complete, files)

    def is_complete(self, unit: str) -> bool:
        """Return whether a unit is committed whole."""
        position = self.units.find(unit)
        return position is not None and bool(self.complete[position])

    def has_files(self) -> npt.NDArray[np.bool_]:
        """Return which units, by their positions, have a committed file."""
        return self.complete | (self.parts > 0)

    def committed(self) -> Iterator[tuple[str, UnitProgress]]:
        """Yield the units that have a committed file, sorted by name, and their progress."""
        for position in np.flatnonzero(self.has_files()).tolist():
            yield self.units.names[position].as_py(), self.progress_at(position)


def classify_files(layout: Layout, entries: Iterable[Entry], units: NameIndex) -> OutputListing:
    """Classify the files of an output by their names; `units` has the names of its units."""
    prefix, control_prefix = f"{layout.root}/", f"{CONTROL_FOLDER}/"
    files, control = _UnitFiles(units), ControlFiles()
    strangers: list[str] = []
    leftovers = control.temporary
    has_success_file = False
    for entry in entries:
        path = entry.path
        name = path.removeprefix(prefix)
        if name.lower().endswith(".parquet"):
            strangers += [name] * (not files.add(name, entry.version))
        elif name.startswith(control_prefix):
            control.add(path, name.removeprefix(control_prefix), entry.modified)
        elif path == layout.success:
            has_success_file = True
        elif name.endswith(".tmp") and name.rpartition("/")[2].startswith("."):
            leftovers.append(path)
    strangers += files.close()
    listing = OutputListing(
        units=units,
        parts=files.parts,
        complete=files.complete,
        stamps=files.stamps,
        strangers=tuple(sorted(strangers)),
        leftovers=(),
        notes=control.notes,
        attempts={u: number for u, number in control.attempts.items() if units.find(u) is not None},
        failed=frozenset(unit for unit in control.failed if units.find(unit) is not None),
        runs=control.stems("runs"),
        last_run=control.last_run,
        counts=control.stems("counts"),
        manifests=tuple(sorted(control.manifests)),
        heartbeats=control.stems("heartbeats"),
        drift=control.stems("drift"),
        has_success_file=has_success_file,
        forgotten=tuple(sorted(control.forgotten)),
    )
    leftovers += [
        path
        for path, unit in control.notes.items()
        if units.find(unit) is None or listing.is_complete(unit)
    ]
    return replace(listing, leftovers=tuple(sorted(leftovers)))


class _UnitFiles:
    """Counts the files of each unit; its arrays have a number for each unit.

    A listing is sorted, so that the parts of a unit follow each other: only parts that come out of
    order are kept one by one.
    """

    def __init__(self, units: NameIndex) -> None:
        self._units = units
        self.parts = np.zeros(len(units), np.int32)
        self.complete = np.zeros(len(units), np.bool_)
        self.stamps = np.zeros(len(units), np.uint64)
        self._end = np.full(len(units), _NONE, np.int32)  # the number of a part that is a last one
        self._others: dict[int, list[tuple[int, bool]]] = defaultdict(list)  # position -> parts

    def add(self, name: str, version: str) -> bool:
        """Count a Parquet file; return False if it is of no unit."""
        stem = name.removesuffix(".parquet")
        if (position := self._units.find(stem)) is not None and stem != name:
            self.complete[position] = True
            self._stamp(position, name, version)
            return True
        part = PART_NAME.fullmatch(stem)
        position = self._units.find(part["unit"]) if part and stem != name else None
        if part is None or position is None:
            return False
        number, last = int(part["number"]), part["end"] is not None
        if name != part_file(part["unit"], number, last):
            return False
        self._stamp(position, name, version)
        if last and self._end[position] == _NONE:
            self._end[position] = number
        elif not last and number == self.parts[position]:
            self.parts[position] += 1
        else:
            self._others[position].append((number, last))
        return True

    def _stamp(self, position: int, name: str, version: str) -> None:
        self.stamps[position] ^= np.uint64(file_stamp(name, version))

    def close(self) -> list[str]:
        """Settle which units are complete; return the parts of units that do not count.

        These are the parts behind a gap or behind the last part, and all parts of a unit that has
        one whole file. Of two parts with one number, the one that is not the last part counts.
        """
        whole = self.complete.copy()
        ended = self._end != _NONE
        odd = (whole & (ended | (self.parts > 0))) | (ended & (self._end != self.parts))
        odd[list(self._others)] = True
        last_follows = ended & ~odd
        self.complete |= last_follows
        self.stamps[odd] = 0  # they cover parts that do not count
        self.parts += last_follows
        strangers: list[str] = []
        for position in np.flatnonzero(odd).tolist():
            strangers += self._settle(position, bool(whole[position]))
        return strangers

    def _settle(self, position: int, whole: bool) -> list[str]:
        """Count the parts of one unit, of which some do not count; return those."""
        given = {(number, False) for number in range(self.parts[position])}
        given |= set(self._others[position])
        given |= {(int(self._end[position]), True)} - {(_NONE, True)}
        number, counted = 0, set()
        while not whole and (number, False) in given:
            counted.add((number, False))
            number += 1
        if not whole and (number, True) in given:
            counted.add((number, True))
        self.parts[position] = len(counted)
        self.complete[position] = whole or (number, True) in counted
        unit = self._units.names[position].as_py()
        return [part_file(unit, *part) for part in given - counted]
