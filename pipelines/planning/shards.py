"""From the patterns of the job file to shards and units, and the manifest that pins them."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import braceexpand
from fsspec.utils import glob_translate

from pipelines.output.layout import unit_of_part
from pipelines.reading import PARQUET, TARS, CountedStream, is_parquet
from pipelines.reading.parquet import Footer, read_footer
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.resolve import absolute, storage_for
from pipelines.storage.storage import Entry
from schemas.errors import JobError, ShardFault
from schemas.sample import Unit

_EXTENSIONS = (*TARS, PARQUET)
_WILDCARD = re.compile(r"[*?\[]")
_VARIABLE = re.compile(r"[*?\[{]")


def find_shards(patterns: Sequence[str]) -> tuple[Unit, ...]:
    """List the shards that patterns of braces and globs name, each as one unit, sorted by name.

    None is opened.
    """
    for pattern in patterns:
        storage_for(pattern)  # refuses places that cannot be read
    patterns = [absolute(pattern) for pattern in patterns]
    root = os.path.commonpath([_fixed_folder(pattern) for pattern in patterns])
    shards: dict[str, Unit] = {}  # by path: one that two patterns name counts once
    for entry in _matches(patterns):
        shard = os.path.relpath(entry.path, root)
        name = _unit_name(shard)
        shards[entry.path] = Unit(name, entry.path, shard, entry.size, entry.version)
    return _checked(shards.values())


def split(
    shards: Sequence[Unit], max_samples: int, check: Callable[[Unit, Footer], None]
) -> tuple[Unit, ...]:
    """The units of shards: a Parquet file of more than `max_samples` rows is several.

    Row groups are taken together up to so many rows, a larger one alone. `check` is shown each
    footer; a file without a readable one is a unit that will fail.
    """
    files = [shard for shard in shards if is_parquet(shard.shard)]
    units = [shard for shard in shards if not is_parquet(shard.shard)]
    for file, footer in zip(files, read_concurrently(_footer, files), strict=True):
        if footer is None:
            units.append(file)
        else:
            check(file, footer)
            units += _row_groups(file, footer, max_samples)
    return _checked(units)


def _footer(shard: Unit) -> Footer | None:
    try:
        with closing(CountedStream(storage_for(shard.path).open(shard.path))) as stream:
            return read_footer(stream)
    except (ShardFault, FileNotFoundError):
        return None


def _row_groups(file: Unit, footer: Footer, max_samples: int) -> Iterator[Unit]:
    if sum(footer.rows) <= max_samples:
        yield file
        return
    start = rows = first_index = 0
    for end, following in enumerate([*footer.rows[1:], max_samples], start=1):
        rows += footer.rows[end - 1]
        if end == len(footer.rows) or rows + following > max_samples:
            yield replace(
                file,
                name=f"{file.name}.rows-{first_index:010d}",
                size=sum(footer.sizes[start:end]),
                row_groups=(start, end),
                first_index=first_index,
            )
            start, rows, first_index = end, 0, first_index + rows


def _checked(found: Iterable[Unit]) -> tuple[Unit, ...]:
    """The units by name; refused where the files of two could not be told apart."""
    units: dict[str, Unit] = {}
    for unit in found:
        other = units.setdefault(unit.name, unit)
        if other is not unit:
            raise JobError(
                f"input.shards: {other.path} and {unit.path} would both become "
                f"{unit.name}.parquet: rename one, or give them to jobs of their own"
            )
    for name, unit in units.items():
        if (whole := units.get(unit_of_part(name) or "")) is not None:
            raise JobError(
                f"input.shards: {unit.path} would become {name}.parquet, which may also be "
                f"a part of {whole.path}: rename one, or give them to jobs of their own"
            )
    return tuple(sorted(units.values(), key=lambda unit: unit.name))


def _fixed_folder(pattern: str) -> str:
    """The deepest folder of a pattern that holds no wildcard and no brace."""
    return os.path.dirname(
        pattern[: match.start()] if (match := _VARIABLE.search(pattern)) else pattern
    )


def _matches(patterns: Iterable[str]) -> Iterable[Entry]:
    """Entries in the order of the patterns; each folder is listed once per way of listing it."""
    for pattern in patterns:
        exact: dict[str, set[str]] = defaultdict(set)  # folder -> paths wanted in it
        for path in _expanded(pattern):
            if _WILDCARD.search(path):
                yield from _glob(path)
            else:
                exact[os.path.dirname(path)].add(path)
        for folder, wanted in exact.items():
            listed = storage_for(folder).list(folder, recursive=False)
            found = [entry for entry in listed if entry.path in wanted]
            if len(found) < len(wanted):
                missing = min(wanted - {entry.path for entry in found})
                raise JobError(_explain_missing(missing, len(wanted) - len(found)))
            yield from found


def _expanded(pattern: str) -> list[str]:
    try:
        return list(braceexpand.braceexpand(pattern))
    except ValueError:  # unbalanced braces
        raise JobError(f"input.shards: {pattern}: a brace is not closed, or not opened") from None


def _glob(pattern: str) -> list[Entry]:
    folder = _fixed_folder(pattern)
    try:
        matches = re.compile(glob_translate(pattern)).match
    except ValueError:
        raise JobError(f"input.shards: {pattern}: write **/ for folders at any depth") from None
    recursive = "**" in pattern or "/" in pattern[len(folder) :].lstrip("/")
    found = [e for e in storage_for(folder).list(folder, recursive) if matches(e.path)]
    if not found:
        raise JobError(f"input.shards: nothing matches {pattern}: check the path")
    return found


def _explain_missing(path: str, missing: int) -> str:
    if os.path.isdir(path):
        return f"input.shards: {path} is a folder: write {path}/*.tar or {path}/*.parquet"
    others = f" and {missing - 1} more" if missing > 1 else ""
    return f"input.shards: {path}{others} not found: check the path"


def _unit_name(shard: str) -> str:
    for extension in _EXTENSIONS:
        if shard.lower().endswith(extension):
            return shard[: -len(extension)]
    raise JobError(f"input.shards: {shard} is not a shard: names end in {', '.join(_EXTENSIONS)}")
