"""What a job comes to: its units, everything it leaves open resolved, and how far its output is."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Any

from filters import Filter
from inference import ResolvedCheckpoint, Task, resolve_checkpoint, resolve_device
from pipelines.job import Job
from pipelines.opened import Output, find_output
from pipelines.outputs import Contents, Layout, Standing, contents
from pipelines.storage import Storage, absolute, storage_for
from pipelines.units import find_units, manifest_bytes
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.sample import Unit

PACKAGES = ("numpy", "pillow", "pyarrow", "shardmill", "tokenizers", "torch", "transformers")
_NOT_IN_FINGERPRINT = ("name", "output", "runner")


class Resolved(Frozen):
    """What the job file leaves open, pinned by an output's first run."""

    checkpoint: ResolvedCheckpoint
    device: str  # cpu | cuda
    threads: int  # of arithmetic on the CPU: sums depend on how they are split
    files: Mapping[str, str]  # files that filters and tasks read -> sha256
    packages: Mapping[str, str]  # versions of what computes or writes


class ResolvedJob(Frozen):
    """All that a worker needs besides a unit; it pickles."""

    job: Job
    resolved: Resolved

    @cached_property
    def record(self) -> dict[str, Any]:
        """What job.json holds."""
        return {
            **self.job.model_dump(mode="json"),
            "resolved": self.resolved.model_dump(mode="json"),
        }

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that decides the bytes of the output."""
        return fingerprint_of(self.record)

    @property
    def layout(self) -> Layout:
        return Layout(absolute(self.job.output))


@dataclass(frozen=True)
class Plan:
    """The units of a job, and what its output holds of them so far."""

    work: ResolvedJob
    units: tuple[Unit, ...]
    contents: Contents
    is_new: bool  # nothing has been written to the output yet
    left_out: int = 0  # shards that appeared since the first run

    @property
    def pending(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if not self.standing(unit).complete)

    def standing(self, unit: Unit) -> Standing:
        return self.contents.standings.get(unit.name, Standing())


def plan(job: Job, storage: Storage | None = None) -> Plan:
    """Look at everything a run depends on; nothing is written.

    Raises JobError where the job cannot be run, or not into this output.
    """
    storage = storage or storage_for(job.output)
    begun = find_output(job.output, storage)
    work = resolve(job, begun.record if begun else None)
    found = find_units(job.input.patterns())
    if begun is None:
        return Plan(work, found, _empty(work.layout, storage), is_new=True)
    _check_same(begun.record, work, begun.layout)
    left_out = _check_inputs(begun, found)
    return Plan(work, begun.units, begun.contents, is_new=False, left_out=left_out)


def fingerprint_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of all of a record but name, output and runner."""
    content = {k: v for k, v in record.items() if k not in _NOT_IN_FINGERPRINT}
    # In the order as written: that of the tasks is the order of the columns and of the prompts.
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def begin(plan: Plan, storage: Storage) -> None:
    """Write the manifest and job.json of a new output; job.json last, for it marks a beginning."""
    layout = plan.work.layout
    storage.write_bytes(layout.manifest, manifest_bytes(plan.units))
    record = json.dumps(plan.work.record, indent=1, ensure_ascii=False)
    storage.write_bytes(layout.job, record.encode())


def resolve(job: Job, recorded: Mapping[str, Any] | None = None) -> ResolvedJob:
    """Pin what is open; what `recorded` pinned stays, so long as the job still asks for it."""
    pinned = recorded["resolved"] if recorded else None
    model = job.model.model_dump(mode="json")
    same_model = recorded is not None and all(
        recorded["model"].get(key) == model[key] for key in ("checkpoint", "revision")
    )
    commit = pinned["checkpoint"]["version"] if pinned and same_model else None
    named: list[Filter | Task] = [*job.filters, *job.tasks.values()]
    resolved = Resolved(
        checkpoint=resolve_checkpoint(job.model, commit),
        device=resolve_device(job.model.device),
        threads=pinned["threads"] if pinned else len(os.sched_getaffinity(0)),
        files={path: _digest(path) for stage in named for path in stage.files()},
        packages={name: version(name) for name in PACKAGES},
    )
    return ResolvedJob(job=job, resolved=resolved)


def _digest(path: str) -> str:
    try:
        with storage_for(path).open(absolute(path)) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    except OSError as error:
        raise JobError(f"{path}: cannot be read: {error.strerror}: check the path") from None


def _check_same(recorded: Mapping[str, Any], work: ResolvedJob, layout: Layout) -> None:
    before, now = _flat(recorded), _flat(work.record)
    changed = [
        key
        for key in sorted({*before, *now}, key=_said_first)
        if before.get(key) != now.get(key) and key.split(".")[0] not in _NOT_IN_FINGERPRINT
    ]
    if changed:
        key = changed[0]
        more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
        raise JobError(
            f"output: {layout.root} was begun with {key} = {before.get(key, 'nothing')}, "
            f"now it is {now.get(key, 'nothing')}{more}: change it back, or choose another output"
        )
    if fingerprint_of(recorded) != work.fingerprint:  # the same values
        raise JobError(
            f"output: {layout.root} was begun with the tasks in the order "
            f"{', '.join(recorded['tasks'])}: change it back, or choose another output"
        )


def _said_first(key: str) -> tuple[bool, str]:
    """What the job file says comes before what was resolved of it."""
    return key.startswith("resolved."), key


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        items: Any = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return {path: value}
    flat: dict[str, Any] = {}
    for key, inner in items:
        flat |= _flat(inner, f"{path}.{key}" if path else str(key))
    return flat


def _empty(layout: Layout, storage: Storage) -> Contents:
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


def _check_inputs(begun: Output, found: tuple[Unit, ...]) -> int:
    """Refuse inputs that changed since the first run; count those that are new."""
    now = {unit.name: unit for unit in found}
    for unit in begun.units:
        current = now.pop(unit.name, None)
        if current is None and not begun.standing(unit).complete:
            raise JobError(f"input.shards: {unit.path} is gone since the first run: restore it")
        if current is not None and current.path != unit.path:
            raise JobError(
                f"input.shards: {unit.path} of the first run is {current.path} now: "
                "run from the same folder, or choose another output"
            )
        if current is not None and current.version != unit.version:
            raise JobError(
                f"input.shards: {current.path} changed since the first run: "
                "restore it, or choose another output"
            )
    return len(now)
