"""Checks that no output file of a unit can be part of a shard, or of another unit's output."""

import os
from itertools import pairwise

import numpy as np

from pipelines.output.layout import unit_of_file, unit_of_part
from pipelines.planning.shard_names import folders_of
from schemas.errors import JobError
from schemas.units import Units


def check_unit_names(units: Units) -> Units:
    """Return the units sorted by name; JobError if the output files of two would have one name.

    A shard that is listed twice is one unit.
    """
    units = _without_repeated(units.sorted())
    parts: dict[str, str] = {}  # a unit of which another would be a part -> the other
    folders: dict[str, str] = {}  # a unit with a file where others need a folder -> the folder
    last = ""
    for name in units.column("name"):
        if (whole := unit_of_part(name)) is not None:
            parts.setdefault(whole, name)
        folder = os.path.dirname(name)
        if folder != last:
            folders |= {unit_of_file(each) or "": each for each in (folder, *folders_of(folder))}
            last = folder
    folders.pop("", None)
    for name in units.column("name") if parts or folders else ():
        if name in parts:
            unit, whole_unit = units.find(parts[name]), units.find(name)
            assert unit is not None
            assert whole_unit is not None
            raise JobError(
                f"input.shards: {unit.path} would become {unit.name}.parquet, which may also be "
                f"a part of {whole_unit.path}: rename one, or give them to jobs of their own"
            )
        if name in folders:
            folder, whole_unit = folders[name], units.find(name)
            assert whole_unit is not None
            path = next(unit.path for unit in units if unit.name.startswith(f"{folder}/"))
            raise JobError(
                f"input.shards: {path} would need a folder {folder}, which may also be "
                f"a file of {whole_unit.path}: rename one, or give them to jobs of their own"
            )
    return units


def _without_repeated(units: Units) -> Units:
    """Return sorted units without those that were listed twice; JobError for names of two."""
    repeated: list[int] = []
    for position, (name, following) in enumerate(pairwise(units.column("name"))):
        if name == following:
            unit, other = units[position], units[position + 1]
            if unit.path != other.path or unit.slice != other.slice:
                raise JobError(
                    f"input.shards: {unit.path} and {other.path} would both become "
                    f"{name}.parquet: rename one, or give them to jobs of their own"
                )
            repeated.append(position)
    if not repeated:
        return units
    return Units(units.take(np.delete(np.arange(len(units)), repeated)).table)


def check_output_apart(units: Units, output: str) -> None:
    """Raise JobError if the output lies within a folder that is a shard, or holds a shard.

    The Parquet files of the output would become files of the shard. Who deletes an output that
    holds shards also deletes the shards.
    """
    for path in units.column("path"):
        if path.endswith("/") and f"{output}/".startswith(path):
            raise JobError(
                f"output: {output} lies within the shard {path}: choose a folder outside of it"
            )
        if path.startswith(f"{output}/"):
            raise JobError(
                f"output: {output} holds shards, such as {path}: choose another folder, such as "
                f"{output}/annotated"
            )
