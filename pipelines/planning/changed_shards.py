"""Compares the shards of an output's manifest with those that exist now."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pipelines.output.footers import read_footer
from pipelines.output.output import Output
from pipelines.planning.shards import check_unit_names
from pipelines.reading.shard_digest import shard_digest
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.resolve import storage_for
from schemas.sample import Unit


@dataclass(frozen=True, slots=True)
class CurrentInput:
    """The units of an output, updated to the present shards."""

    units: tuple[Unit, ...]  # sorted by name
    left_out: int  # shards that appeared since the output was begun
    changed: tuple[str, ...]  # shards with committed rows whose content changed since


def compare_with_manifest(
    existing: Output,
    shards: Sequence[Unit],
    split: Callable[[Sequence[Unit]], Sequence[Unit]],
) -> CurrentInput:
    """Return the manifest's units, updated to the present paths and versions of their shards.

    `shards` are the present shards, and `split` returns the units of shards. The units of a shard
    with the same version stay. If a shard has a new version,

    - and no rows of the shard are committed: the shard is split again;
    - and the digest is that of the committed rows: the units stay, with the new version;
    - and the digest differs, or the committed rows have none: the units stay as they are, and the
      shard is listed as changed.

    The units of a missing shard stay too: those that are not committed will fail when they are run.

    Raises JobError as `split` does, if the names of units collide, or if a committed file is
    damaged. Raises OSError if a shard cannot be read.
    """
    units_by_shard: dict[str, list[Unit]] = defaultdict(list)
    for unit in existing.units:
        units_by_shard[unit.shard].append(unit)
    current = {shard.shard: shard for shard in shards}
    units: list[Unit] = []
    new_versions: list[Unit] = []
    for name, before in units_by_shard.items():
        shard = current.get(name)
        if shard is None:
            units += before
        elif shard.version == before[0].version:
            units += [replace(unit, path=shard.path) for unit in before]
        else:
            new_versions.append(shard)
    changed: list[str] = []
    to_split: list[Unit] = []
    are_same = read_concurrently(
        lambda shard: _is_same(shard, units_by_shard[shard.shard], existing), new_versions
    )
    for shard, is_same in zip(new_versions, are_same, strict=True):
        before = units_by_shard[shard.shard]
        if is_same:
            units += [replace(unit, path=shard.path, version=shard.version) for unit in before]
        elif any(existing.progress_of(unit).files for unit in before):
            units += before
            changed.append(shard.shard)
        else:
            to_split.append(shard)
    if to_split:
        units += split(to_split)
    return CurrentInput(
        units=check_unit_names(units),
        left_out=len(current.keys() - units_by_shard.keys()),
        changed=tuple(sorted(changed)),
    )


def _is_same(shard: Unit, before: Sequence[Unit], existing: Output) -> bool:
    """Return whether a shard has the digest of its committed rows; False if it has no such rows."""
    files = [file for unit in before for file in existing.progress_of(unit).files[:1]]
    if not files:
        return False
    digest = read_footer(existing.storage, existing.layout.file(files[0])).shard_digest
    return digest is not None and digest == shard_digest(
        shard.path, shard.version, storage_for(shard.path)
    )
