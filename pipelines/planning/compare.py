"""Compares a plan with an existing output."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.output.layout import Layout
from pipelines.output.listing import Contents, contents
from pipelines.output.output import Output
from pipelines.planning.fingerprint import NOT_IN_FINGERPRINT, fingerprint_of
from pipelines.planning.resolve import ResolvedJob
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.sample import Unit

# What may differ from an output whose verdicts are taken.
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


_LONGEST = 120  # characters of a value quoted in an error


def check_same(recorded: Mapping[str, Any], work: ResolvedJob, layout: Layout) -> None:
    """Refuse a plan that is not the output's, with the first difference named."""
    changed = list(_differences(recorded, work.record))
    if changed:
        # What the job file says comes before what was resolved of it.
        what, was, is_now = min(changed, key=lambda each: each[0].startswith("resolved."))
        raise JobError(
            f"output: {layout.root} was begun with {what} = {_brief(was)}, now it is "
            f"{_brief(is_now)}: change it back, or choose another output"
            + _other_way(layout, [path for path, _, _ in changed])
        )
    if fingerprint_of(recorded) != work.fingerprint:  # the same values
        raise JobError(
            f"output: {layout.root} was begun with the tasks in the order "
            f"{', '.join(recorded['tasks'])}: change it back, or choose another output"
            + _other_way(layout, [])
        )


def _other_way(layout: Layout, changed: Sequence[str]) -> str:
    """Where only what is asked has changed, what was filtered need not be filtered again."""
    if not all(path.startswith(_AFTER_FILTERS) for path in changed):
        return ""
    return f", there with filters_from: {layout.root} to filter nothing again"


def _differences(before: Any, now: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Path, former and present value of everything that differs, as deep as both are alike."""
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


def _brief(value: Any) -> str:
    """A value on one line; None is what a record does not hold."""
    if value is None or isinstance(value, str):
        return value or "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def empty_contents(layout: Layout, storage: Storage) -> Contents:
    """The contents of a folder that no run has begun in; refused where it is used already."""
    if os.path.isfile(layout.root):
        raise JobError(f"output: {layout.root} is a file: name a folder")
    held = contents(layout, [entry.path for entry in storage.list(layout.root)], ())
    if held.strangers:
        raise JobError(
            f"output: {layout.root} holds other Parquet files, such as {held.strangers[0]}: "
            "choose an empty or new folder"
        )
    return held


def check_inputs(begun: Output, found: tuple[Unit, ...]) -> int:
    """Refuse inputs that changed since the first run; count the shards that are new."""
    now = {shard.shard: shard for shard in found}
    for unit in begun.units:
        current = now.get(unit.shard)
        if current is None and not begun.progress_of(unit).complete:
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
    return len(now.keys() - {unit.shard for unit in begun.units})
