"""Finds the shards that the patterns of a job file name, and splits them into units."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import chain

import numpy as np

from pipelines.config.input import Input
from pipelines.planning.braces import PathBudget
from pipelines.planning.globs import glob_matcher
from pipelines.planning.missing_shards import (
    count_extensions,
    explain_missing,
    explain_no_match,
    extension,
)
from pipelines.planning.shard_names import check_name
from pipelines.planning.shard_root import absolute_pattern, common_root, fixed_folder
from pipelines.planning.unit_names import check_unit_names
from pipelines.reading.folder_files import list_visible_files, refuse_folder_links
from pipelines.reading.formats import FORMATS, find_format
from pipelines.reading.raw_sample import IMAGE_EXTENSIONS, VIDEO_EXTENSIONS
from pipelines.storage.concurrent_reads import read_concurrently
from pipelines.storage.object_client import WEB
from pipelines.storage.paths import parent, relative, scheme
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Entry, Storage
from schemas.errors import JobError
from schemas.sample import Unit
from schemas.units import Units

_WILDCARD = re.compile(r"[*?\[]")
_MAX_GLOBS = 10_000  # of all patterns of a job
_FILE_EXTENSIONS = [e for each in FORMATS for e in each.extensions if e != "/"]


def find_shards(patterns: Sequence[str], storage: Storage = STORAGE) -> Units:
    """List the shards that patterns of braces and globs name, each as one unit, sorted by name.

    A pattern that names a folder of images, or ends in `/`, gives shards that are folders; their
    files are listed. No shard is opened.
    """
    patterns = [absolute_pattern(pattern) for pattern in patterns]
    root = common_root(patterns)
    faults = _ListingFaults()
    try:
        shards = Units.of(_named_units(_matches(patterns, storage), root, faults))
    except PermissionError as error:
        advice = ": change its permissions, or name other shards"
        raise JobError(
            f"input.shards: {error.filename} cannot be read: {error.strerror}"
            + advice * (not scheme(root))
        ) from None
    except FileNotFoundError as error:  # for a local folder, a listing is empty
        raise JobError(
            f"input.shards: {error.filename}: there is no such bucket: check the URL"
        ) from None
    faults.check()
    _refuse_nested_folders({path for path in shards.column("path") if path.endswith("/")})
    return check_unit_names(shards)


@dataclass(slots=True)
class _ListingFaults:
    """The first entry of each kind that cannot be a shard."""

    no_shard: str = ""
    image: str = ""
    no_file: str = ""
    no_name: Unit | None = None

    def check(self) -> None:
        """Raise JobError if there was such an entry."""
        if self.image:
            raise JobError(
                f"input.shards: {self.image} is an image, not a shard: name the folder of the "
                "images"
            )
        if self.no_shard:
            raise JobError(
                f"input.shards: {self.no_shard} is not a shard: names end in "
                f"{', '.join(_FILE_EXTENSIONS)}, or are folders of images: pack or convert the "
                "samples into one of these"
            )
        if self.no_file:
            raise JobError(
                f"input.shards: {self.no_file} is a pipe, a socket or a device: put a file in its "
                "place"
            )
        if self.no_name:
            check_name(self.no_name)


def _named_units(entries: Iterable[Entry], root: str, faults: _ListingFaults) -> Iterator[Unit]:
    """Yield the entries below `root` as units, each named after its path; collect faults."""
    for entry in entries:
        shard = relative(entry.path, root)
        name = _unit_name(shard)
        if name is None:
            faults.no_shard = faults.no_shard or shard
            if extension(shard) in (*IMAGE_EXTENSIONS, *VIDEO_EXTENSIONS):
                faults.image = faults.image or shard
            continue
        unit = Unit(name, entry.path, shard, entry.size, entry.version)
        if not entry.is_file:
            faults.no_file = faults.no_file or entry.path
        try:
            check_name(unit)
        except JobError:
            faults.no_name = faults.no_name or unit
        else:
            yield unit


def split(shards: Units, input_config: Input, storage: Storage = STORAGE) -> Units:
    """Return the units of shards, sorted by name; a shard whose format can split it has several.

    Raises JobError if a shard lacks something that the job's `input` names.
    """
    formats = (find_format(shard) for shard in shards.column("shard"))
    splits = np.fromiter((each is not None and each.split is not None for each in formats), bool)
    if not splits.any():
        return shards

    def split_shard(shard: Unit) -> Sequence[Unit]:
        shard_format = find_format(shard.shard)
        assert shard_format is not None
        assert shard_format.split is not None
        return shard_format.split(shard, storage, input_config)

    slices = chain.from_iterable(read_concurrently(split_shard, shards.take(splits)))
    return check_unit_names(shards.take(~splits).plus(slices))


def _refuse_nested_folders(folders: Set[str]) -> None:
    """Raise JobError if a folder that is a shard lies within another one."""
    for path in sorted(folders):
        above = parent(path.rstrip("/"))
        while above != parent(above):
            if f"{above}/" in folders:
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


def _named_shards(folder: str, paths: set[str], storage: Storage) -> Iterator[Entry]:
    """Yield the entries of these paths, all in one folder; raise JobError if one is missing."""
    found = 0
    for entry in _entries_in(folder, paths, storage):
        if entry.path in paths:
            found += 1
            yield entry
    if found < len(paths):
        yield from _named_folders(folder, paths, storage)


def _entries_in(folder: str, paths: set[str], storage: Storage) -> Iterator[Entry]:
    if scheme(folder) in WEB:  # which has no listing
        entries = read_concurrently(storage.entry, sorted(paths))
        return (entry for entry in entries if entry is not None)
    return storage.list(folder, recursive=False)


def _named_folders(folder: str, paths: set[str], storage: Storage) -> Iterator[Entry]:
    """Yield the entries of those paths that are no files; raise JobError if one is missing."""
    listing = list(_entries_in(folder, paths, storage))
    found = [entry.path for entry in listing if entry.path in paths]
    missing = []
    for path in sorted(paths - set(found)):
        shard = _folder_shard(path, storage)
        if shard is None:
            missing.append(path)
        else:
            found.append(shard.path)
            yield shard
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        advice = explain_missing(missing, found, listing)
        raise JobError(f"input.shards: {missing[0]}{others} not found: {advice}")


def _matching_files(pattern: str, storage: Storage) -> Iterator[Entry]:
    folder = fixed_folder(pattern)
    matches = _matcher(pattern)
    recursive = "**" in pattern or "/" in pattern[len(folder) :].lstrip("/")
    any_match = False
    for entry in storage.list(folder, recursive):
        if matches(entry.path):
            any_match = True
            yield entry
    if not any_match:
        raise _no_match(pattern, list(storage.list(folder, recursive)))


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
    if not any(shards):
        raise _no_match(pattern)
    return [shard for shard in shards if shard is not None]


def _matcher(pattern: str) -> Callable[[str], bool]:
    try:
        return glob_matcher(pattern)
    except ValueError:
        raise JobError(f"input.shards: {pattern}: write **/ for folders at any depth") from None


def _no_match(pattern: str, listing: Sequence[Entry] = ()) -> JobError:
    advice = explain_no_match(fixed_folder(pattern), listing)
    return JobError(f"input.shards: nothing matches {pattern}: {advice}")


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
