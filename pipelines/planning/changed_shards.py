"""Compares the shards of an output's manifest with those that exist now."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from pipelines.output.footers import read_footer
from pipelines.output.output import Output
from pipelines.planning.shard_root import root_of
from pipelines.planning.shards import check_unit_names
from pipelines.reading.shard_digest import shard_digest
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.paths import join
from schemas.errors import JobError
from schemas.sample import Unit

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

    units: tuple[Unit, ...]  # sorted by name
    left_out: int  # shards that appeared since the output was begun
    changed: tuple[str, ...]  # shards with committed rows whose content changed since
    moved: MovedShards | None  # None: all shards lie below the same folder as before


def compare_with_manifest(
    existing: Output,
    shards: Sequence[Unit],
    split: Callable[[Sequence[Unit]], Sequence[Unit]],
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
    units_by_shard: dict[str, list[Unit]] = defaultdict(list)
    for unit in existing.units:
        units_by_shard[unit.shard].append(unit)
    current = {shard.shard: shard for shard in shards}
    roots = (root_of(existing.units[0]), root_of(shards[0])) if existing.units and shards else None
    units: list[Unit] = []
    new_versions: list[Unit] = []
    known = 0  # shards with the same version
    for name, before in units_by_shard.items():
        shard = current.get(name)
        if shard is None:
            path = join(roots[1], name) if roots else before[0].path
            units += [replace(unit, path=path) for unit in before]
        elif shard.version == before[0].version:
            units += [replace(unit, path=shard.path) for unit in before]
            known += 1
        else:
            new_versions.append(shard)
    compared = [
        shard
        for shard in new_versions
        if any(existing.progress_of(unit).files for unit in units_by_shard[shard.shard])
    ]
    if len(compared) > _MANY:
        on_notice(f"comparing {len(compared)} shards with the digests of their committed rows")
    are_same = read_concurrently(
        lambda shard: has_committed_content(shard, units_by_shard[shard.shard], existing), compared
    )
    same = {shard.shard for shard, is_same in zip(compared, are_same, strict=True) if is_same}
    moved = MovedShards(*roots, len(same)) if roots and roots[0] != roots[1] else None
    if moved is not None and (new_versions or not known):
        _check_moved(moved, existing, known)
    changed = {shard.shard for shard in compared} - same
    to_split: list[Unit] = []
    for shard in new_versions:
        before = units_by_shard[shard.shard]
        if shard.shard in same:
            units += [replace(unit, path=shard.path, version=shard.version) for unit in before]
        elif shard.shard in changed:
            units += [replace(unit, path=shard.path) for unit in before]
        else:
            to_split.append(shard)
    if to_split:
        units += split(to_split)
    return CurrentInput(
        units=check_unit_names(units),
        left_out=len(current.keys() - units_by_shard.keys()),
        changed=tuple(sorted(changed)),
        moved=moved,
    )


def _check_moved(moved: MovedShards, existing: Output, known: int) -> None:
    """Raise JobError if shards of another folder could be mixed with those of the output.

    `known` is the number of shards that have the same version.
    """
    if existing.listing.progress_by_unit and not (moved.recognized or known):
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
    return digest is not None and digest == shard_digest(
        shard.path, shard.version, existing.storage
    )
