"""Checks that output files can be named after shards, and that their paths are short enough."""

import os
from collections.abc import Iterator

from pipelines.config.validation_errors import errors_at
from pipelines.output.layout import LONGEST_ENDING, Layout
from pipelines.storage.paths import scheme
from pipelines.storage.urls import MAX_KEY, check_url, key_of
from schemas.errors import JobError
from schemas.path_text import LONGEST_PATH, path_problem
from schemas.sample import Unit
from schemas.units import Units

_LONGEST_NAME = 255  # bytes; Linux's NAME_MAX
_LONGEST_STEM = _LONGEST_NAME - LONGEST_ENDING


def check_name(unit: Unit) -> None:
    """Raise JobError if no output file can be named after the shard."""
    path = unit.path
    if problem := path_problem(path):
        raise JobError(f"input.shards: {path} {problem}: rename it")
    if scheme(path):
        with errors_at("input.shards: "):
            check_url(path)
    *folders, stem = unit.name.split("/")
    if (size := len(stem.encode())) > _LONGEST_STEM:
        raise JobError(
            f"input.shards: the name of {path} has {size} bytes without its extension, and output "
            f"files need one of at most {_LONGEST_STEM}: rename it"
        )
    for name in (*folders, stem):
        if name.startswith((".", "_")):
            raise JobError(
                f"input.shards: {path} would become {unit.name}.parquet, and readers of Parquet "
                f"folders skip names that begin with {name[0]!r}: rename {name}"
            )


def check_path_lengths(units: Units, layout: Layout) -> None:
    """Raise JobError if a file of a unit would have a longer path than can be.

    That is what Linux allows, or in a bucket what stores allow for the name of an object.
    """
    # The longest folder with the longest ending, though no file has both.
    start, longest = layout.attempt("", 1), LONGEST_PATH
    if scheme(start):
        start, longest = key_of(start), MAX_KEY
    others = len(os.fsencode(start)) + LONGEST_ENDING
    for position, name in enumerate(units.column("name")):
        if (size := others + len(name.encode())) > longest:
            unit = units[position]
            raise JobError(
                f"output: the files of {unit.path} would have paths of {size} bytes, and at most "
                f"{longest} are possible: choose a folder with a shorter path"
            )


def folders_of(unit: str) -> Iterator[str]:
    """Yield the folders that contain a unit's files, relative to the output, innermost first."""
    while (unit := os.path.dirname(unit)) != "":
        yield unit
