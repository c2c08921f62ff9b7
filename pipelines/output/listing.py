"""Classifies the files of an output: units and their parts, foreign files, leftovers."""

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass

from pipelines.output.layout import CONTROL_FOLDER, PART_NAME, Layout, whole_file
from pipelines.output.unit_progress import UnitProgress


@dataclass(frozen=True, slots=True)
class OutputListing:
    """The files of an output, sorted by their purpose."""

    progress_by_unit: dict[str, UnitProgress]  # of the units that have a Parquet file
    strangers: tuple[str, ...]  # Parquet files that are no unit's, and parts behind a gap or end
    leftovers: tuple[str, ...]  # temporary files of dead workers, and notes on complete units
    notes: dict[str, str]  # path of a failure report, report or attempt marker -> its unit
    attempts: dict[str, int]  # unit -> highest number of an attempt marker
    failed: frozenset[str]  # units with a failure report
    runs: tuple[str, ...]  # ids of runs with a summary
    heartbeats: tuple[str, ...]  # ids of runs that are active or died
    has_success_file: bool  # _SUCCESS exists

    def progress_of(self, unit: str) -> UnitProgress:
        return self.progress_by_unit.get(unit, UnitProgress())

    @property
    def complete_units(self) -> set[str]:
        """Names of the units that are committed whole."""
        return {unit for unit, progress in self.progress_by_unit.items() if progress.complete}


def classify_files(layout: Layout, paths: Iterable[str], units: Iterable[str]) -> OutputListing:
    """Classify the paths of an output by their names; `units` are the names of its units."""
    prefix = f"{layout.root}/"
    parquet: list[str] = []
    leftovers: list[str] = []
    failed: list[str] = []
    run_ids: dict[str, list[str]] = {"runs": [], "heartbeats": []}
    attempts: dict[str, int] = {}
    notes: dict[str, str] = {}  # path -> unit
    has_success_file = False
    for path in paths:
        name = path.removeprefix(prefix)
        if name.lower().endswith(".parquet"):
            parquet.append(name)
        elif name.startswith(f"{CONTROL_FOLDER}/"):
            kind, _, rest = name.removeprefix(f"{CONTROL_FOLDER}/").partition("/")
            stem, _, suffix = rest.rpartition(".")
            if name.endswith(".tmp"):
                leftovers.append(path)
            elif kind == "attempts" and suffix.isdecimal():
                attempts[stem] = max(int(suffix), attempts.get(stem, 0))
                notes[path] = stem
            elif kind in ("failed", "reports"):
                failed += [stem] * (kind == "failed")
                notes[path] = stem
            elif kind in run_ids:
                run_ids[kind].append(stem)
        elif path == layout.success:
            has_success_file = True
        elif name.endswith(".tmp") and name.rpartition("/")[2].startswith("."):
            leftovers.append(path)
    progress_by_unit, strangers = _classify_parquet_files(parquet, set(units))
    leftovers += [
        path for path, unit in notes.items() if progress_by_unit.get(unit, UnitProgress()).complete
    ]
    return OutputListing(
        progress_by_unit,
        strangers,
        tuple(sorted(leftovers)),
        notes,
        attempts,
        frozenset(failed),
        tuple(sorted(run_ids["runs"])),
        tuple(sorted(run_ids["heartbeats"])),
        has_success_file,
    )


def _classify_parquet_files(
    names: Iterable[str], units: Set[str]
) -> tuple[dict[str, UnitProgress], tuple[str, ...]]:
    """Return the progress of the units that have files, and all other files."""
    strangers: set[str] = set(names)
    whole: set[str] = set()
    parts: dict[str, dict[int, tuple[str, bool]]] = defaultdict(dict)  # unit -> part -> file, last
    for name in names:
        stem = name.removesuffix(".parquet")
        part = PART_NAME.fullmatch(stem)
        if stem in units:
            whole.add(stem)
        elif part and part["unit"] in units:
            parts[part["unit"]][int(part["number"])] = (name, part["end"] is not None)
    progress_by_unit = {unit: UnitProgress(0, True, (whole_file(unit),)) for unit in whole}
    progress_by_unit |= {
        unit: _progress_of_parts(files) for unit, files in parts.items() if unit not in whole
    }
    for progress in progress_by_unit.values():
        strangers.difference_update(progress.files)
    return progress_by_unit, tuple(sorted(strangers))


def _progress_of_parts(parts: dict[int, tuple[str, bool]]) -> UnitProgress:
    names: list[str] = []
    while len(names) in parts:
        name, last = parts[len(names)]
        names.append(name)
        if last:
            return UnitProgress(len(names), True, tuple(names))
    return UnitProgress(len(names), False, tuple(names))
