"""From the patterns of the job file to units, and the manifest that pins them."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

import braceexpand
import pyarrow as pa
from fsspec.utils import glob_translate

from pipelines.outputs import unit_of_part
from pipelines.storage import Entry, absolute, storage_for
from schemas.errors import JobError
from schemas.sample import Unit
from schemas.tables import MANIFEST

SHARD_EXTENSIONS = (".tar.gz", ".tgz", ".tar")
_WILDCARD = re.compile(r"[*?\[]")
_VARIABLE = re.compile(r"[*?\[{]")


def find_units(patterns: Sequence[str]) -> tuple[Unit, ...]:
    """List the shards that patterns of braces and globs name, sorted by unit name."""
    for pattern in patterns:
        storage_for(pattern)  # refuses places that cannot be read
    patterns = [absolute(pattern) for pattern in patterns]
    root = os.path.commonpath([_fixed_folder(pattern) for pattern in patterns])
    units: dict[str, Unit] = {}
    for entry in _matches(patterns):
        shard = os.path.relpath(entry.path, root)
        unit = Unit(_unit_name(shard), entry.path, shard, entry.size, entry.version)
        other = units.setdefault(unit.name, unit)
        if other.path != unit.path:
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
        return f"input.shards: {path} is a folder: write {path}/*.tar"
    others = f" and {missing - 1} more" if missing > 1 else ""
    return f"input.shards: {path}{others} not found: check the path"


def _unit_name(shard: str) -> str:
    for extension in SHARD_EXTENSIONS:
        if shard.lower().endswith(extension):
            return shard[: -len(extension)]
    raise JobError(
        f"input.shards: {shard} is not a shard: names end in {', '.join(SHARD_EXTENSIONS)}"
    )


def manifest_bytes(units: Sequence[Unit]) -> bytes:
    """The units as an Arrow file, the same bytes for the same units."""
    columns = {name: [getattr(unit, name) for unit in units] for name in MANIFEST.names}
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, MANIFEST) as writer:
        writer.write_table(pa.table(columns, MANIFEST))
    return bytes(sink.getvalue())


def units_of_manifest(content: bytes) -> tuple[Unit, ...]:
    """The units; JobError where the file is damaged."""
    try:
        table = pa.ipc.open_file(content).read_all().select(MANIFEST.names)
    except pa.ArrowInvalid:
        raise JobError(
            "output: its _shardmill/manifest.arrow is damaged: restore it, or choose another output"
        ) from None
    return tuple(Unit(*row) for row in zip(*(c.to_pylist() for c in table.columns), strict=True))
