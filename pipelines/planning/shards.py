"""Finds the shards that the patterns of a job file name, and splits them into units."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from pipelines.config.input import Input
from pipelines.output.layout import unit_of_file, unit_of_part
from pipelines.planning.braces import PathBudget
from pipelines.planning.globs import glob_matcher
from pipelines.planning.missing_shards import (
    count_extensions,
    explain_missing,
    explain_no_match,
    extension,
)
from pipelines.planning.shard_names import check_name, folders_of
from pipelines.planning.shard_root import absolute_pattern, common_root, fixed_folder
from pipelines.reading.folder_files import list_visible_files, refuse_folder_links
from pipelines.reading.formats import FORMATS, find_format
from pipelines.reading.raw_sample import IMAGE_EXTENSIONS
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.object_client import WEB
from pipelines.storage.paths import parent, relative, scheme
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError
from schemas.sample import Unit

_WILDCARD = re.compile(r"[*?\[]")
_MAX_GLOBS = 10_000  # of all patterns of a job
_FILE_EXTENSIONS = [e for each in FORMATS for e in each.extensions if e != "/"]


def find_shards(patterns: Sequence[str], storage: Storage = STORAGE) -> tuple[Unit, ...]:
    """List the shards that patterns of braces and globs name, each as one unit, sorted by name.

    A pattern that names a folder of images, or ends in `/`, gives shards that are folders; their
    files are listed. No shard is opened.
    """
    patterns = [absolute_pattern(pattern) for pattern in patterns]
    root = common_root(patterns)
    shards: dict[str, Unit] = {}  # by path, so that a shard named by two patterns counts once
    no_shards: list[str] = []
    no_files: list[str] = []
    try:
        for entry in _matches(patterns, storage):
            shard = relative(entry.path, root)
            name = _unit_name(shard)
            if name is None:
                no_shards.append(shard)
            else:
                shards[entry.path] = Unit(name, entry.path, shard, entry.size, entry.version)
                no_files += [entry.path] * (not entry.is_file)
    except PermissionError as error:
        raise JobError(
            f"input.shards: {error.filename} cannot be read: {error.strerror}: change its "
            "permissions, or name other shards"
        ) from None
    if no_shards:
        raise _explain_not_shards(no_shards)
    if no_files:
        raise JobError(
            f"input.shards: {no_files[0]} is a pipe, a socket or a device: put a file in its place"
        )
    for unit in shards.values():
        check_name(unit)
    _refuse_nested_folders(shards)
    return check_unit_names(shards.values())


def split(
    shards: Sequence[Unit], input_config: Input, storage: Storage = STORAGE
) -> tuple[Unit, ...]:
    """Return the units of shards, sorted by name; a shard whose format can split it has several.

    Raises JobError if a shard lacks something that the job's `input` names.
    """
    units: list[Unit] = []
    splits: list[Callable[[], Sequence[Unit]]] = []
    for shard in shards:
        shard_format = find_format(shard.shard)
        if shard_format is None or shard_format.split is None:
            units.append(shard)
        else:
            splits.append(partial(shard_format.split, shard, storage, input_config))
    for some in read_concurrently(lambda split_shard: split_shard(), splits):
        units += some
    return check_unit_names(units)


def check_output_apart(units: Iterable[Unit], output: str) -> None:
    """Raise JobError if the output lies within a folder that is a shard, or holds a shard.

    The Parquet files of the output would become files of the shard. Who deletes an output that
    holds shards also deletes the shards.
    """
    for unit in units:
        if unit.path.endswith("/") and f"{output}/".startswith(unit.path):
            raise JobError(
                f"output: {output} lies within the shard {unit.path}: choose a folder outside of it"
            )
        if unit.path.startswith(f"{output}/"):
            raise JobError(
                f"output: {output} holds shards, such as {unit.path}: choose another folder, such "
                f"as {output}/annotated"
            )


def check_unit_names(listed: Iterable[Unit]) -> tuple[Unit, ...]:
    """Return the units sorted by name; JobError if the output files of two would have one name."""
    units: dict[str, Unit] = {}
    for unit in listed:
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
        for folder in folders_of(name):
            if (whole := units.get(unit_of_file(folder) or "")) is not None:
                raise JobError(
                    f"input.shards: {unit.path} would need a folder {folder}, which may also be "
                    f"a file of {whole.path}: rename one, or give them to jobs of their own"
                )
    return tuple(sorted(units.values(), key=lambda unit: unit.name))


def _refuse_nested_folders(shards: Mapping[str, Unit]) -> None:
    """Raise JobError if a folder that is a shard lies within another one."""
    for path in shards:
        above = parent(path.rstrip("/")) if path.endswith("/") else ""
        while above != parent(above):
            if f"{above}/" in shards:
                raise JobError(
                    f"input.shards: {path} lies within {above}/, which is read with all folders "
                    "below it: name only one of the two"
                )
            above = parent(above)


def _matches(patterns: Iterable[str], storage: Storage) -> Iterable[Entry]:
    """Yield the entries that match, pattern by pattern.

    For exact paths, each folder is listed once per pattern.
    """
    budget, globs = PathBudget(), 0
    for pattern in patterns:
        exact: dict[str, set[str]] = defaultdict(set)  # folder -> paths to find in it
        for path in budget.expand(pattern):
            globs += _WILDCARD.search(path) is not None
            if globs > _MAX_GLOBS:
                raise JobError(
                    f"input.shards: {pattern}: braces make more than {_MAX_GLOBS:,} globs, and "
                    "each is listed: write fewer braces"
                )
            if not _WILDCARD.search(path):
                path = path.rstrip("/") or "/"
                exact[parent(path)].add(path)
            elif path.endswith("/"):
                yield from _matching_folders(path, storage)
            else:
                yield from _matching_files(path, storage)
        for folder, paths in exact.items():
            yield from _named_shards(folder, paths, storage)


def _named_shards(folder: str, paths: set[str], storage: Storage) -> Iterable[Entry]:
    """Return the entries of these paths, all in one folder; raise JobError if one is missing."""
    if scheme(folder) in WEB:  # which has no listing
        listing = [entry for entry in read_concurrently(storage.entry, sorted(paths)) if entry]
    else:
        listing = list(storage.list(folder, recursive=False))
    entries = [entry for entry in listing if entry.path in paths]
    missing = []
    for path in sorted(paths - {entry.path for entry in entries}):
        shard = _folder_shard(path, storage)
        if shard is None:
            missing.append(path)
        else:
            entries.append(shard)
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        advice = explain_missing(missing, [entry.path for entry in entries], listing)
        raise JobError(f"input.shards: {missing[0]}{others} not found: {advice}")
    return entries


def _matching_files(pattern: str, storage: Storage) -> list[Entry]:
    folder = fixed_folder(pattern)
    matches = _matcher(pattern)
    recursive = "**" in pattern or "/" in pattern[len(folder) :].lstrip("/")
    listing = list(storage.list(folder, recursive))
    return _some([entry for entry in listing if matches(entry.path)], pattern, listing)


def _matching_folders(pattern: str, storage: Storage) -> list[Entry]:
    """Return the shards of the folders that a glob ending in `/` matches, by path."""
    start = fixed_folder(pattern)
    matches = _matcher(pattern.rstrip("/"))
    files = list_visible_files(f"{start}/", storage)
    refuse_folder_links(entry for entry in files if matches(entry.path.rstrip("/")))
    folders = set()
    for entry in files:
        folder = parent(entry.path)
        while len(folder) > len(start) and folder not in folders:
            folders.add(folder)
            folder = parent(folder)
    shards = [_folder_shard(folder, storage) for folder in sorted(folders) if matches(folder)]
    return _some([shard for shard in shards if shard is not None], pattern)


def _matcher(pattern: str) -> Callable[[str], bool]:
    try:
        return glob_matcher(pattern)
    except ValueError:
        raise JobError(f"input.shards: {pattern}: write **/ for folders at any depth") from None


def _some(entries: list[Entry], pattern: str, listing: Sequence[Entry] = ()) -> list[Entry]:
    if not entries:
        advice = explain_no_match(fixed_folder(pattern), listing)
        raise JobError(f"input.shards: nothing matches {pattern}: {advice}")
    return entries


def _folder_shard(path: str, storage: Storage) -> Entry | None:
    """Return a folder as a shard; None if there is no folder.

    Raises JobError if the folder holds files that are shards, or nothing that can be read.
    """
    if not scheme(path) and not os.path.isdir(path):  # in a bucket, a folder is what has files
        return None
    folder = f"{path.rstrip('/')}/"
    if folder == "/":
        raise JobError("input.shards: / is the whole file system: name a folder in it")
    files = [] if scheme(path) in WEB else list_visible_files(folder, storage)
    if scheme(path) and not files:
        return None
    if shards := [each.path for each in files if each.is_file and find_format(each.path)]:
        mixed = any(extension(entry.path) in IMAGE_EXTENSIONS for entry in files)
        raise JobError(
            f"input.shards: {path} is a folder: write {path}/*.tar or {path}/*.parquet"
            + f", or move {shards[0]} out of it to read its images" * mixed
        )
    for each in FORMATS:
        if each.find_folder and (entry := each.find_folder(folder, files)):
            return entry
    raise JobError(f"input.shards: {path} is a folder {_describe(files)}: check the path")


def _describe(files: Sequence[Entry]) -> str:
    """Describe a folder without shards and images by its three most frequent extensions."""
    if not files:
        return "without files"
    return f"of no images, tars or Parquet files (it holds {count_extensions(files)})"


def _unit_name(shard: str) -> str | None:
    return next((name for each in FORMATS if (name := each.unit_name(shard))), None)


def _explain_not_shards(shards: Sequence[str]) -> JobError:
    for shard in shards:
        if extension(shard) in IMAGE_EXTENSIONS:
            return JobError(
                f"input.shards: {shard} is an image, not a shard: name the folder of the images"
            )
    return JobError(
        f"input.shards: {shards[0]} is not a shard: names end in {', '.join(_FILE_EXTENSIONS)}, "
        "or are folders of images: pack or convert the samples into one of these"
    )
