"""Compares a plan with an existing output, and refuses what does not fit together."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from filters.services.service_filter import reaching_settings
from pipelines.output.fingerprint import (
    NOT_IN_FINGERPRINT,
    contents_by_place,
    fingerprint_of,
)
from pipelines.output.layout import Layout
from pipelines.output.listing import OutputListing, classify_files
from pipelines.planning.resolved_job import ResolvedJob
from pipelines.storage.paths import refuse_file
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.units import NameIndex

# The parts of a record that do not affect verdicts, so that `filters_from` can reuse these.
_AFTER_FILTERS = (
    "model",
    "tasks",
    "provenance",
    "resolved.checkpoint",
    "resolved.device",
    "resolved.packages.bitsandbytes",
    "resolved.packages.peft",
    "resolved.sizes",
    "resolved.threads",
)
_MAX_QUOTED = 120  # characters of a value that an error quotes


def check_same(
    recorded: Mapping[str, Any], work: ResolvedJob, layout: Layout, *, other_shards: bool = False
) -> None:
    """Raise JobError, which names a difference, if the output was begun with another job.

    The places of shards, files and local models may differ, and with `other_shards` the patterns.
    """
    differences = _differences_of(recorded, work.record, other_shards)
    if differences:
        hint = ""
        if all(path.startswith(("input.shards", "resolved.shards")) for path, _, _ in differences):
            hint = ", or run with --extend to add shards to it"
        # A difference in the job file explains those in the values that are resolved from it.
        path, before, now = min(differences, key=lambda item: item[0].startswith("resolved."))
        raise JobError(
            f"output: {layout.root} was begun with {path} = {_quoted(before)}, now it is "
            f"{_quoted(now)}: change it back, or choose another output"
            + (hint or _filters_from_hint(layout, [path for path, _, _ in differences]))
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


def has_same_places(recorded: Mapping[str, Any], work: ResolvedJob) -> bool:
    """Return whether a record and a job, which are the same job, name the same places of inputs."""
    return not any(
        recorded.get(key) != value
        for key, value in work.record.items()
        if key not in NOT_IN_FINGERPRINT
    )


def _differences_of(
    recorded: Mapping[str, Any], now: Mapping[str, Any], other_shards: bool
) -> list[tuple[str, Any, Any]]:
    """Return (path, value before, value now) of the values of two records that differ.

    Places with the same content do not differ.
    """
    places_before, places_now = contents_by_place(recorded), contents_by_place(now)

    def is_same(before: Any, now: Any) -> bool:
        if before == now or not (isinstance(before, str) and isinstance(now, str)):
            return bool(before == now)
        content = places_before.get(before)
        return content is not None and content == places_now.get(now)

    before, after = recorded["resolved"], now["resolved"]
    skipped = [*NOT_IN_FINGERPRINT, "resolved.prompts"]  # which follow from the tasks
    for number, stage in enumerate(now["filters"]):
        skipped += [f"filters.{number}.{key}" for key in reaching_settings(stage)]
    if other_shards or before["shards"] == after["shards"]:
        skipped += ["input.shards", "resolved.shards"]
    earlier, earlier_now = before["filters_from"], after["filters_from"]
    if earlier and earlier_now and earlier["fingerprint"] == earlier_now["fingerprint"]:
        skipped.append("resolved.filters_from")
    return list(_differences(recorded, now, is_same, skipped))


def _differences(
    before: Any,
    now: Any,
    is_same: Callable[[Any, Any], bool],
    skipped: Collection[str] = (),
    path: str = "",
) -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, value before, value now) of the deepest values that differ, in order."""
    if path in skipped:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        now = {
            next((key for key in before if key not in now and is_same(key, name)), name): value
            for name, value in now.items()
        }
        for key in sorted({*before, *now}):
            inner = f"{path}.{key}" if path else key
            yield from _differences(before.get(key), now.get(key), is_same, skipped, inner)
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for index, pair in enumerate(zip(before, now, strict=True)):
            yield from _differences(*pair, is_same, skipped, f"{path}.{index}")
    elif not is_same(before, now):
        yield path, before, now


def _quoted(value: Any) -> str:
    """Write a value on one line; write None, also for a value that a record lacks, as `null`.

    A value that is not text is cut after `_MAX_QUOTED` characters.
    """
    if value is None or isinstance(value, str):
        return value or ("null" if value is None else "an empty text")
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…"


class BegunMeanwhile(Exception):
    """Another run began an output since it was opened."""


def list_new_output(layout: Layout, storage: Storage, number: int) -> OutputListing:
    """List an output folder that no run has begun with the record of this number.

    Raises JobError if it is a file, or contains Parquet files; BegunMeanwhile if these may be of a
    run that has created the record.
    """
    refuse_file(layout.root, f"output: {layout.root}")
    listing = classify_files(layout, storage.list(layout.root), NameIndex.of(()))
    if listing.strangers and storage.entry(layout.record(number)):
        raise BegunMeanwhile
    if listing.strangers:
        raise JobError(
            f"output: {layout.root} holds Parquet files, such as {listing.strangers[0]}, but no "
            "_shardmill/job.record that says which job wrote them: choose an empty or new folder, "
            "or put _shardmill back if these files are of this job"
        )
    return listing
