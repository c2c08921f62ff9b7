"""Compares a corpus that grows with an output: which shards are new, which are gone."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pipelines.output.layout import Layout, unit_of_part
from pipelines.output.manifest import units_of_manifest
from pipelines.output.output import Output
from pipelines.output.recorded_storage import recorded_storage
from pipelines.planning.shard_names import check_path_lengths
from pipelines.planning.shard_root import prefix_of
from pipelines.planning.shards import find_shards
from pipelines.planning.unit_names import check_output_apart, check_unit_names
from schemas.errors import JobError
from schemas.sample import Unit
from schemas.units import MISSING, Mask, Positions, Units

Split = Callable[[Units], Units]


@dataclass(frozen=True, slots=True)
class Growth:
    """How the shards that exist now differ from those of an output."""

    added: int = 0  # new shards that the plan adds to the output
    waiting: int = 0  # new shards that the plan leaves out
    missing: tuple[str, ...] = ()  # shards of the output that are gone, or not named any more
    waits_for: str = ""  # the earlier output that has not done the waiting shards; else ""


NOT_GROWN = Growth()


def new_shards(shards: Units, matches: Positions) -> Units:
    """Return the shards that no unit of an output has.

    `matches` has the position in `shards` of each unit's shard.
    """
    is_new = np.ones(len(shards), np.bool_)
    is_new[matches[matches != MISSING]] = False
    return shards.take(is_new)


def missing_shards(units: Units, matches: Positions) -> tuple[str, ...]:
    """Return the names of the shards of units that are gone, which have no match."""
    return tuple(sorted(set(units.take(matches == MISSING).column("shard"))))


def split_each(shards: Units, split: Split) -> Units:
    """Split shards; a shard that lacks something that the job reads is one unit, which will fail.

    Not so in a new output, where the job file may be wrong.
    """
    try:
        return split(shards)
    except JobError:
        units: list[Unit] = []
        for position, shard in enumerate(shards):
            try:
                units += split(shards.take([position]))
            except JobError:
                units.append(shard)
        return Units.of(units)


def add_shards(
    units: Units,
    growth: Growth,
    new: Units,
    *,
    earlier: Output | None,
    split: Split,
    layout: Layout,
) -> tuple[Units, Growth]:
    """Add new shards to the units of an output; return also how the corpus differs then.

    With an earlier output, of `filters_from`, these are the shards that it has done. Raises
    JobError if the names of units collide, or a file of the output cannot be named after a shard.
    """
    if earlier is not None:
        growth = replace(growth, waits_for=earlier.layout.root)
    added = new if earlier is None else new.take(_is_done_in(earlier, new))
    if not len(added):
        return units, growth
    given = split(added)
    check_output_apart(given, layout.root)
    check_path_lengths(given, layout)
    try:
        together = check_unit_names(units.plus(given))
    except JobError as error:
        if not growth.missing:
            raise
        raise JobError(f"{error}; run with --forget-missing first if one of them is gone") from None
    return together, replace(growth, added=len(added), waiting=len(new) - len(added))


def _is_done_in(earlier: Output, shards: Units) -> Mask:
    """Return which shards an earlier output has, each committed whole or reported failed."""
    matches = earlier.units.match(shards)
    is_done = earlier.listing.complete.copy()
    for name in earlier.listing.failed:
        if (position := earlier.units.names.find(name)) is not None:
            is_done[position] = True
    done = np.zeros(len(shards), np.bool_)
    done[matches[matches != MISSING]] = True
    done[matches[(matches != MISSING) & ~is_done]] = False
    return done


def forget_shards(
    units: Units, growth: Growth, existing: Output, on_notice: Callable[[str], None]
) -> tuple[Units, tuple[str, ...]]:
    """Return the units whose shards are not missing, and the files of the others.

    Of each unit, the last file is the first. Raises JobError while another run is active;
    `on_notice` gets a line for people if it takes long to find that out.
    """
    if active := existing.active_runs(on_notice):
        raise JobError(
            f"--forget-missing: a run on {active[0].host} is at work in {existing.layout.root}: "
            "wait until it ends"
        )
    missing = set(growth.missing)
    stays = np.fromiter((shard not in missing for shard in units.column("shard")), np.bool_)
    files = [
        file for unit in units.take(~stays) for file in reversed(existing.progress_of(unit).files)
    ]
    return Units(units.take(stays).table), tuple(files)


def find_growth(output: Output) -> Growth | None:
    """Compare the shards of an output with those that exist now; None if none are found."""
    if not len(output.units):
        return None
    prefix = prefix_of(output.units[0])
    try:
        patterns = [f"{prefix}{pattern}" for pattern in output.record["resolved"]["shards"]]
        shards = find_shards(patterns, recorded_storage(output))
    except (JobError, OSError):  # another machine has them, or they are gone
        return None
    matches = output.units.match(shards)
    return Growth(
        waiting=len(new_shards(shards, matches)), missing=missing_shards(output.units, matches)
    )


def find_forgotten_files(output: Output) -> tuple[str, ...]:
    """Return the files of shards that the newest record forgets, as far as they are still there.

    A run that was stopped left them. They are relative to the output.
    """
    name = output.record["forgets"]
    if name is None or not output.listing.strangers:
        return ()
    path = output.layout.manifest(name)
    try:
        before = units_of_manifest(output.storage.read_bytes(path), path)
    except FileNotFoundError:  # deleted by a run with a newer record
        return ()

    def is_forgotten(unit: str | None) -> bool:
        names = before.names, output.units.names
        return unit is not None and [each.find(unit) is None for each in names] == [False, True]

    stems = {file: file.removesuffix(".parquet") for file in output.listing.strangers}
    return tuple(
        file
        for file, stem in stems.items()
        if is_forgotten(stem) or is_forgotten(unit_of_part(stem))
    )
