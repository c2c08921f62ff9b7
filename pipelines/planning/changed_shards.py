"""Compares the shards of an output's manifest with those that exist now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.output.footers import read_footer
from pipelines.output.output import Output
from pipelines.planning.grown_input import missing_shards, new_shards
from pipelines.planning.shard_root import prefix_of, root_of
from pipelines.planning.unit_names import check_unit_names
from pipelines.reading.shard_digest import has_digest
from pipelines.storage.concurrent_reads import read_concurrently
from schemas.errors import JobError
from schemas.sample import Unit
from schemas.units import MISSING, Mask, Positions, Units

_MANY = 1000  # shards, from which on reading them is told


@dataclass(frozen=True, slots=True)
class MovedShards:
    """Shards that lie below another folder than when the output was planned last."""

    before: str  # the common root of the shards
    now: str
    recognized: int  # shards whose committed rows have the digest of the shard

    def __str__(self) -> str:
        return (
            f"the shards moved from {self.before} to {self.now}: "
            f"{self.recognized} committed shards were recognized by their content"
        )


@dataclass(frozen=True, slots=True)
class CurrentInput:
    """The units of an output, updated to the present shards."""

    units: Units  # sorted by name
    new: Units  # shards that the output lacks
    missing: tuple[str, ...]  # shards of the output that are gone, or not named any more
    changed: tuple[str, ...]  # shards with committed rows whose content changed since
    moved: MovedShards | None  # None: all shards lie below the same folder as before


def compare_with_manifest(
    existing: Output,
    shards: Units,
    split: Callable[[Units], Units],
    on_notice: Callable[[str], None] = lambda _: None,
) -> CurrentInput:
    """Return the manifest's units, updated to the present paths and versions of their shards.

    `shards` are the present shards, and `split` returns the units of shards. The units of a shard
    with the same version stay. If a shard has a new version,

    - and no rows of the shard are committed: the shard is split again;
    - and the digest is that of the committed rows: the units stay, with the new version;
    - and the digest differs, or the committed rows have none: the units stay as they are, and the
      shard is listed as changed.

    The units of a missing shard stay too: those that are not committed will fail when they are run.
    `on_notice` is told if many shards have to be read.

    Raises JobError as `split` does, if the names of units collide, if a committed file is damaged,
    or if all shards lie below another folder and none of them is recognized. Raises OSError if a
    shard cannot be read.
    """
    before = existing.units
    matches = before.match(shards)
    compared = compare_content(existing, shards, matches, on_notice)
    known = int(((matches != MISSING) & ~compared.touched).sum())
    roots = (root_of(before[0]), root_of(shards[0])) if before and shards else None
    moved = MovedShards(*roots, compared.recognized) if roots and roots[0] != roots[1] else None
    if moved is not None and (compared.touched.any() or not known):
        _check_moved(moved, existing, known)
    version_matches = np.where(compared.changed, MISSING, matches)
    units = before.replace("path", shards.matched("path", matches))
    units = units.replace("version", shards.matched("version", version_matches))
    if moved is not None and (missing := np.flatnonzero(matches == MISSING)).size:
        prefix = prefix_of(shards[0])
        paths = [f"{prefix}{shard}" for shard in before.take(missing).column("shard")]
        units = units.replace("path", pa.array(paths, pa.string()), missing)
    if (new := compared.new).any():
        splits = split(shards.take(np.unique(matches[new])))
        units = check_unit_names(units.take(~new).plus(splits))
    changed = np.unique(matches[compared.changed])
    return CurrentInput(
        units,
        new=new_shards(shards, matches),
        missing=missing_shards(before, matches),
        changed=tuple(sorted(shards.take(changed).column("shard"))),
        moved=moved,
    )


@dataclass(frozen=True, slots=True)
class ComparedContent:
    """How the shards of an output's units differ from the present ones; masks over the units."""

    touched: Mask  # the shard has another version
    same: Mask  # touched, but the digest is that of the committed rows
    changed: Mask  # touched, and the digest differs or the committed rows have none
    recognized: int  # shards that are the same

    @property
    def new(self) -> Mask:
        """The units of touched shards without committed rows."""
        return self.touched & ~self.same & ~self.changed


def compare_content(
    existing: Output,
    shards: Units,
    matches: Positions,
    on_notice: Callable[[str], None] = lambda _: None,
) -> ComparedContent:
    """Compare the present shards of another version with the committed rows of their units.

    `matches` has the position in `shards` of each unit's shard. `on_notice` is told if many shards
    have to be read. Raises JobError if a committed file is damaged, and OSError if a shard cannot
    be read.
    """
    units = existing.units
    touched = units.differing("version", shards.matched("version", matches))
    order = np.flatnonzero(touched)
    order = order[np.argsort(matches[order], kind="stable")]  # the units of a shard together
    starts = np.flatnonzero(np.diff(matches[order], prepend=MISSING))
    ends = np.append(starts[1:], len(order))
    has_rows = existing.listing.has_files()[order]
    groups = [
        group for group, start in enumerate(starts.tolist()) if has_rows[start : ends[group]].any()
    ]
    if len(groups) > _MANY:
        on_notice(f"comparing {len(groups)} shards with the digests of their committed rows")

    def is_same(group: int) -> bool:
        positions = order[starts[group] : ends[group]]
        shard = shards[int(matches[positions[0]])]
        return has_committed_content(shard, units.take(positions), existing)

    same, changed = np.zeros((2, len(units)), np.bool_)
    recognized = 0
    for group, recognizes in zip(groups, read_concurrently(is_same, groups), strict=True):
        (same if recognizes else changed)[order[starts[group] : ends[group]]] = True
        recognized += recognizes
    return ComparedContent(touched, same, changed, recognized)


def _check_moved(moved: MovedShards, existing: Output, known: int) -> None:
    """Raise JobError if shards of another folder could be mixed with those of the output.

    `known` is the number of shards that have the same version.
    """
    if existing.listing.has_files().any() and not (moved.recognized or known):
        raise JobError(
            f"input.shards: no shard below {moved.now} has the content of a committed shard, "
            f"which were read below {moved.before}: name these shards, or choose another output"
        )
    if active := existing.active_runs():
        raise JobError(
            f"input.shards: a run on {active[0].host} reads the shards below {moved.before}, and "
            f"those below {moved.now} have other versions: wait until it ends, or name the same"
        )


def has_committed_content(shard: Unit, before: Iterable[Unit], existing: Output) -> bool:
    """Return whether a shard has the digest of its committed rows; False if it has no such rows.

    `before` are the shard's units in the existing output.
    """
    files = [file for unit in before for file in existing.progress_of(unit).files[:1]]
    if not files:
        return False
    digest = read_footer(existing.storage, existing.layout.file(files[0])).shard_digest
    return digest is not None and has_digest(shard.path, shard.version, digest, existing.storage)
