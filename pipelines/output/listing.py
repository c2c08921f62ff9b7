"""What a listing of an output shows: units, parts, strangers and leftovers."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.output.layout import CONTROL_FOLDER, PART_NAME, Layout, whole_file


class UnitProgress(NamedTuple):
    """How far a unit is: parts 0 … parts-1 are committed without a gap."""

    parts: int = 0
    complete: bool = False
    files: tuple[str, ...] = ()  # relative to the output


@dataclass(frozen=True, slots=True)
class Contents:
    """What one listing of an output shows."""

    progress_by_unit: dict[str, UnitProgress]  # of the units that have any file
    strangers: tuple[str, ...]  # Parquet files that belong to no unit
    leftovers: tuple[str, ...]  # of workers that died: temporary files, notes of units now done
    attempts: dict[str, int]  # unit -> highest attempt noted
    failed: frozenset[str]
    runs: tuple[str, ...]
    heartbeats: tuple[str, ...]  # of runs that are at work, or died
    closed: bool  # _SUCCESS stands

    def progress_of(self, unit: str) -> UnitProgress:
        return self.progress_by_unit.get(unit, UnitProgress())

    @property
    def complete(self) -> set[str]:
        """The units that are committed whole."""
        return {
            unit for unit, unit_progress in self.progress_by_unit.items() if unit_progress.complete
        }


def contents(layout: Layout, paths: Iterable[str], units: Iterable[str]) -> Contents:
    """Sort a listing of the output by what each file is."""
    known = set(units)
    prefix = f"{layout.root}/"
    files: dict[str, dict[int, tuple[str, bool]]] = defaultdict(dict)  # unit -> part -> file, last
    whole: set[str] = set()
    strangers: list[str] = []
    leftovers: list[str] = []
    failed: list[str] = []
    told: dict[str, list[str]] = {"runs": [], "heartbeats": []}
    attempts: dict[str, int] = {}
    notes: dict[str, str] = {}  # path -> unit
    closed = False
    for path in paths:
        name = path.removeprefix(prefix)
        if name.startswith(f"{CONTROL_FOLDER}/"):
            kind, _, rest = name.removeprefix(f"{CONTROL_FOLDER}/").partition("/")
            unit, _, suffix = rest.rpartition(".")
            if name.endswith(".tmp"):
                leftovers.append(path)
            elif kind == "attempts" and suffix.isdecimal():
                attempts[unit] = max(int(suffix), attempts.get(unit, 0))
                notes[path] = unit
            elif kind in ("failed", "reports"):
                failed += [unit] * (kind == "failed")
                notes[path] = unit
            elif kind in told:
                told[kind].append(unit)
        elif path == layout.success:
            closed = True
        elif name.endswith(".tmp") and name.rpartition("/")[2].startswith("."):
            leftovers.append(path)
        elif name.endswith(".parquet"):
            stem = name.removesuffix(".parquet")
            part = PART_NAME.fullmatch(stem)
            if stem in known:
                whole.add(stem)
            elif part and part["unit"] in known:
                files[part["unit"]][int(part["number"])] = (name, part["end"] is not None)
            else:
                strangers.append(name)
    progress_by_unit = {unit: UnitProgress(0, True, (whole_file(unit),)) for unit in whole}
    progress_by_unit |= {
        unit: _progress_of_parts(parts) for unit, parts in files.items() if unit not in whole
    }
    leftovers += [
        path for path, unit in notes.items() if progress_by_unit.get(unit, UnitProgress()).complete
    ]
    return Contents(
        progress_by_unit,
        tuple(sorted(strangers)),
        tuple(sorted(leftovers)),
        attempts,
        frozenset(failed),
        tuple(sorted(told["runs"])),
        tuple(sorted(told["heartbeats"])),
        closed,
    )


def _progress_of_parts(parts: dict[int, tuple[str, bool]]) -> UnitProgress:
    names: list[str] = []
    while len(names) in parts:
        name, last = parts[len(names)]
        names.append(name)
        if last:
            return UnitProgress(len(names), True, tuple(names))
    return UnitProgress(len(names), False, tuple(names))
