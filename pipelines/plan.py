"""What a job comes to: its units, everything it leaves open resolved, and how far its output is."""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import Field

from filters import Filter
from inference import (
    Model,
    ResolvedCheckpoint,
    Sizes,
    Task,
    extra_packages,
    fetch_model,
    resolve_checkpoint,
    resolve_device,
    resolve_model,
    resolve_sizes,
)
from pipelines.earlier import Earlier, check_finished, judges, lent, open_earlier, units_of
from pipelines.job import Job
from pipelines.job_faults import at
from pipelines.opened import Output, find_output
from pipelines.outputs import Contents, Layout, Standing, contents
from pipelines.reading.parquet import ColumnFault, Footer, check_columns
from pipelines.storage import Storage, absolute, open_file, storage_for
from pipelines.units import find_shards, manifest_bytes, split
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.models import ModelReference, ResolvedModel
from schemas.resources import Resources
from schemas.sample import Unit

PACKAGES = (
    "numpy",
    "pillow",
    "py3langid",
    "pyarrow",
    "shardmill",
    "tokenizers",
    "torch",
    "transformers",
)
BLOCK = 256  # samples, where no model says how many
_NOT_IN_FINGERPRINT = ("name", "output", "max_error_rate", "runner", "filters_from")
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


class Resolved(Frozen):
    """What the job file leaves open, pinned by an output's first run."""

    checkpoint: ResolvedCheckpoint | None  # None where nothing is asked
    device: str  # cpu | cuda
    threads: int  # of arithmetic on the CPU: sums depend on how they are split
    sizes: Sizes | None = None  # of what the engine has in work; None where nothing is asked
    files: Mapping[str, str]  # files that filters and tasks read -> sha256
    models: Mapping[str, ResolvedModel] = {}  # of the filters, by name@revision
    images_judged: bool = False  # a filter of the job judges by a model what images show
    rules: Mapping[str, str] = {}  # version of the rules of each filter
    packages: Mapping[str, str]  # versions of what computes or writes
    filters_from: Earlier | None = None


class ResolvedJob(Frozen):
    """All that a worker needs besides a unit; it pickles."""

    job: Job
    resolved: Resolved
    # Where the job's relative paths begin, for a worker's current folder may be another.
    folder: str = Field(default_factory=os.getcwd)

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
    def resources(self) -> Resources:
        """What a worker lends filters and engine when they load."""
        models = self.resolved.models
        return Resources(
            partial(open_file, start=self.folder),
            self.resolved.device,
            gpus=self.job.runner.model_gpus,
            threads=self.resolved.threads,
            model=lambda reference: fetch_model(models[str(reference)], reference.field),
        )

    @property
    def model(self) -> Model | None:
        """The job's, with the sizes that were found."""
        model, sizes = self.job.model, self.resolved.sizes
        if model is None or sizes is None:
            return model
        return model.model_copy(update=sizes.model_dump())

    @property
    def block_size(self) -> int:
        """Samples, of those that are kept, that are asked about together."""
        given = self.model.block_size if self.model else None
        return BLOCK if given is None else given

    @property
    def layout(self) -> Layout:
        return Layout(absolute(self.job.output, self.folder))


@dataclass(frozen=True)
class Plan:
    """The units of a job, and what its output holds of them so far."""

    work: ResolvedJob
    units: tuple[Unit, ...]
    contents: Contents
    is_new: bool  # nothing has been written to the output yet
    left_out: int = 0  # shards that appeared since the first run

    @cached_property
    def pending(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if not self.standing(unit).complete)

    def standing(self, unit: Unit) -> Standing:
        return self.contents.standing(unit.name)


def plan(job: Job, storage: Storage | None = None) -> Plan:
    """Look at everything a run depends on; nothing is written.

    Raises JobError where the job cannot be run, or not into this output.
    """
    storage = storage or storage_for(job.output)
    begun = find_output(job.output, storage)
    work = resolve(job, begun.record if begun else None)
    if begun is None:
        units = first_units(job)
        planned = Plan(work, units, _empty(work.layout, storage), is_new=True)
    else:
        _check_same(begun.record, work, begun.layout)
        left_out = _check_inputs(begun, find_shards(job.input.patterns()))
        planned = Plan(work, begun.units, begun.contents, is_new=False, left_out=left_out)
    if earlier := open_earlier(job):
        check_finished(earlier, planned.pending)
    return planned


def first_units(job: Job) -> tuple[Unit, ...]:
    """The units of a job that has no output yet; JobError where a column it names is not there."""
    if earlier := open_earlier(job):
        return units_of(earlier, find_shards(job.input.patterns()))
    fields = {source.partition(":")[0]: field for field, source in job.input.sources()}

    def check(file: Unit, footer: Footer) -> None:
        try:
            check_columns(footer.schema, fields, job.input.image)
        except ColumnFault as fault:
            field = fields[fault.column] if fault.column else "image"
            raise JobError(f"input.{field}: {file.path}: {fault.why}") from None

    return split(find_shards(job.input.patterns()), job.input.max_samples_per_file, check)


def fingerprint_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of all of a record that decides the bytes of an output."""
    content = {k: v for k, v in record.items() if k not in _NOT_IN_FINGERPRINT}
    # In the order as written: that of the tasks is the order of the columns and of the prompts.
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def begin(plan: Plan, storage: Storage) -> None:
    """Write the manifest and job.json of a new output; job.json last, for it marks a beginning."""
    layout = plan.work.layout
    record = json.dumps(plan.work.record, indent=1, ensure_ascii=False)
    try:
        storage.write_bytes(layout.manifest, manifest_bytes(plan.units))
        storage.write_bytes(layout.job, record.encode())
    except OSError as error:
        raise JobError(
            f"output: {layout.root} cannot be written: {error.strerror}: choose another folder"
        ) from None


def resolve(job: Job, recorded: Mapping[str, Any] | None = None) -> ResolvedJob:
    """Pin what is open; what `recorded` pinned stays, so long as the job still asks for it."""
    pinned = recorded["resolved"] if recorded else None
    opened = open_earlier(job)
    earlier = lent(opened, fingerprint_of(opened.record)) if opened else None
    filters = judges(job, earlier)
    stages: dict[str, Filter | Task] = {
        **{_place(job, name, stage): stage for name, stage in filters.items()},
        **{f"tasks.{name}": task for name, task in job.tasks.items()},
    }
    device = resolve_device(job.model.device if job.model else "auto", lent=job.runner.lends_gpus)
    threads = pinned["threads"] if pinned else len(os.sched_getaffinity(0))
    resources = Resources(open_file, device, threads=threads)
    known = pinned.get("models", {}) if pinned else {}
    checkpoint = _checkpoint(job.model, recorded) if job.model else None
    resolved = Resolved(
        checkpoint=checkpoint,
        device=device,
        threads=threads,
        sizes=_sizes(job, checkpoint, device, pinned),
        files={
            path: _digest(path, where) for where, stage in stages.items() for path in stage.files()
        },
        models=_checked(job, filters, resources, known),
        images_judged=job.judges_images or (earlier is not None and earlier.images_judged),
        rules={name: stage.rules for name, stage in filters.items()},
        packages={
            **{name: version(name) for name in PACKAGES},
            **(extra_packages(job.model) if job.model else {}),
        },
        filters_from=earlier,
    )
    job.check_image_safety(resolved.images_judged)
    for name, task in job.tasks.items():
        with at(f"tasks.{name}: "):
            task.load(resources)
    return ResolvedJob(job=job, resolved=resolved)


def _place(job: Job, name: str, stage: Filter) -> str:
    """Where in the job a filter stands; one that ran earlier stands in the earlier job."""
    own = [number for number, each in enumerate(job.filters) if each is stage]
    return f"filters[{own[0]}]" if own else f"filters_from: filter {name}"


def _checked(
    job: Job, filters: Mapping[str, Filter], resources: Resources, known: Mapping[str, Any]
) -> dict[str, ResolvedModel]:
    """The models that the filters load, pinned, once each filter has found nothing wrong."""
    models: dict[str, ResolvedModel] = {}
    folders: dict[ModelReference, Path] = {}
    resources = replace(resources, model=lambda reference: folders[reference])
    for name, stage in filters.items():
        with at(f"{_place(job, name, stage)}."):
            for reference in stage.models():
                recorded = known.get(str(reference), {}).get("version")
                pinned, folders[reference] = resolve_model(reference, recorded)
                models[str(reference)] = pinned
            stage.check(resources)
    return models


def _checkpoint(model: Model, recorded: Mapping[str, Any] | None) -> ResolvedCheckpoint:
    """Commits that were recorded stay, so long as the same is asked for."""
    before = (recorded and recorded["model"]) or {}
    pinned = (recorded and recorded["resolved"]["checkpoint"]) or {}

    def commit(of: Mapping[str, Any], *keys: str) -> str | None:
        same = all(before.get(key) == getattr(model, key) for key in keys)
        return of.get("version") if same else None

    return resolve_checkpoint(
        model,
        commit(pinned, "checkpoint", "revision"),
        commit(pinned.get("adapter") or {}, "adapter", "adapter_revision"),
    )


def _sizes(
    job: Job,
    checkpoint: ResolvedCheckpoint | None,
    device: str,
    pinned: Mapping[str, Any] | None,
) -> Sizes | None:
    """Those of the first run stay."""
    if job.model is None or checkpoint is None:
        return None
    if pinned and pinned.get("sizes"):
        return Sizes.model_validate(pinned["sizes"])
    longest = max((task.max_new_tokens for task in job.tasks.values()), default=1)
    return resolve_sizes(job.model, checkpoint, device, job.runner.model_gpus, longest)


def _digest(path: str, where: str) -> str:
    try:
        with open_file(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    except OSError as error:
        raise JobError(
            f"{where}: {path} cannot be read: {error.strerror}: check the path"
        ) from None


def _check_same(recorded: Mapping[str, Any], work: ResolvedJob, layout: Layout) -> None:
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
            if path or key not in _NOT_IN_FINGERPRINT:
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
    """Refuse inputs that changed since the first run; count the shards that are new."""
    now = {shard.shard: shard for shard in found}
    for unit in begun.units:
        current = now.get(unit.shard)
        if current is None and not begun.standing(unit).complete:
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
