"""Compares a plan with an existing output, and refuses what does not fit together."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.output.layout import Layout
from pipelines.output.listing import OutputListing, classify_files
from pipelines.output.output import Output
from pipelines.planning.fingerprint import NOT_IN_FINGERPRINT, fingerprint_of
from pipelines.planning.resolve import ResolvedJob
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.sample import Unit

# The parts of a record that do not affect verdicts, so that `filters_from` can reuse these.
_AFTER_FILTERS = (
    "model",
    "tasks",
    "resolved.checkpoint",
    "resolved.device",
    "resolved.packages.bitsandbytes",
    "resolved.packages.peft",
    "resolved.sizes",
    "resolved.threads",
)
_MAX_QUOTED = 120  # characters of a value that an error quotes


def check_same(recorded: Mapping[str, Any], work: ResolvedJob, layout: Layout) -> None:
    """Raise JobError, which names a difference, if the output was begun with another job."""
    differences = list(_differences(recorded, work.record))
    if differences:
        # A difference in the job file explains those in the values that are resolved from it.
        path, before, now = min(differences, key=lambda item: item[0].startswith("resolved."))
        raise JobError(
            f"output: {layout.root} was begun with {path} = {_quoted(before)}, now it is "
            f"{_quoted(now)}: change it back, or choose another output"
            + _filters_from_hint(layout, [path for path, _, _ in differences])
        )
    if fingerprint_of(recorded) != work.fingerprint:  # equal values in another order
        raise JobError(
            f"output: {layout.root} was begun with the tasks in the order "
            f"{', '.join(recorded['tasks'])}: change it back, or choose another output"
            + _filters_from_hint(layout, [])
        )


def _filters_from_hint(layout: Layout, changed: Sequence[str]) -> str:
    """Suggest `filters_from` if the changes do not affect verdicts of filters; else return ""."""
    if not all(path.startswith(_AFTER_FILTERS) for path in changed):
        return ""
    return f", there with filters_from: {layout.root} to filter nothing again"


def _differences(before: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, value before, value now) of the deepest values that differ."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            if path or key not in NOT_IN_FINGERPRINT:
                inner = f"{path}.{key}" if path else key
                yield from _differences(before.get(key), now.get(key), inner)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _differences(*pair, f"{path}.{index}")
    elif before != now:
        yield path, before, now


def _quoted(value: Any) -> str:
    """Write a value on one line; write None, for a value that a record lacks, as `nothing`.

    A value that is not text is cut after `_MAX_QUOTED` characters.
    """
    if value is None or isinstance(value, str):
        return value or "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


def list_new_output(layout: Layout, storage: Storage) -> OutputListing:
    """List an output folder in which no run has begun.

    Raises JobError if it is a file, or contains Parquet files.
    """
    if os.path.isfile(layout.root):
        raise JobError(f"output: {layout.root} is a file: name a folder")
    listing = classify_files(layout, [entry.path for entry in storage.list(layout.root)], ())
    if listing.strangers:
        raise JobError(
            f"output: {layout.root} holds other Parquet files, such as {listing.strangers[0]}: "
            "choose an empty or new folder"
        )
    return listing


def check_inputs(existing: Output, shards: Sequence[Unit]) -> int:
    """Raise JobError if shards changed since the first run; return the number of new shards.

    A shard may be gone once all its units are committed.
    """
    shard_by_name = {shard.shard: shard for shard in shards}
    for unit in existing.units:
        current = shard_by_name.get(unit.shard)
        if current is None and not existing.progress_of(unit).complete:
            raise JobError(f"input.shards: {unit.path} is gone since the first run: restore it")
        if current is not None and current.path != unit.path:
            raise JobError(
                f"input.shards: {unit.path} of the first run is {current.path} now: "
                "run from the same folder, or choose another output"
            )
        if current is not None and current.version != unit.version:
            raise JobError(
                f"input.shards: {current.path} changed since the first run: restore it with its "
                "time of modification, or choose another output"
            )
    return len(shard_by_name.keys() - {unit.shard for unit in existing.units})
