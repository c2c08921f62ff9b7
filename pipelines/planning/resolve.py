"""Resolves what a job leaves open, once: models, device, sizes, file digests."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
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
from pipelines.config.job import Job
from pipelines.config.validation_errors import at
from pipelines.output.layout import Layout
from pipelines.planning.filters_from import (
    EarlierOutput,
    describe_earlier_output,
    filters_by_name,
    open_earlier_output,
)
from pipelines.planning.fingerprint import fingerprint_of
from pipelines.storage.resolve import absolute, open_file
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.models import ModelReference, ResolvedModel
from schemas.resources import Resources

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
    filters_from: EarlierOutput | None = None


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


def resolve(job: Job, recorded: Mapping[str, Any] | None = None) -> ResolvedJob:
    """Pin what is open; what `recorded` pinned stays, so long as the job still asks for it."""
    pinned = recorded["resolved"] if recorded else None
    opened = open_earlier_output(job)
    earlier = describe_earlier_output(opened, fingerprint_of(opened.record)) if opened else None
    filters = filters_by_name(job, earlier)
    stages: dict[str, Filter | Task] = {
        **{_place(job, name, stage): stage for name, stage in filters.items()},
        **{f"tasks.{name}": task for name, task in job.tasks.items()},
    }
    device = resolve_device(
        job.model.device if job.model else "auto", workers_have_gpus=job.runner.workers_have_gpus
    )
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
