"""Resolves a job: pins models, device, sizes and the digests of files, once per output."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from filters import Filter
from filters.images.pdq import load_pdqhash
from filters.own_class import rules_of
from inference import (
    Model,
    ModelFamily,
    ResolvedCheckpoint,
    Sizes,
    Task,
    check_image_tokens,
    check_model_packages,
    extra_packages,
    family_of,
    resolve_checkpoint,
    resolve_device,
    resolve_model,
    resolve_sizes,
)
from pipelines.config.job import Job
from pipelines.config.validation_errors import errors_at
from pipelines.output.output import Output
from pipelines.planning.filters_from import EarlierOutput, filters_to_run, open_earlier_output
from pipelines.planning.resolved_job import Resolved, ResolvedJob
from pipelines.planning.shard_root import relative_patterns
from pipelines.storage.cached_folders import CachedFolders
from pipelines.storage.resolve import open_file
from schemas.errors import JobError
from schemas.models import ModelReference, ResolvedModel
from schemas.resources import FetchFolder, Resources

# Their versions can change the bytes of an output; the second ones only where torch may be used.
PACKAGES = ("eldc", "numpy", "pillow", "py3langid", "pyarrow", "shardmill")
TORCH_PACKAGES = ("tokenizers", "torch", "transformers")


def resolve(job: Job) -> ResolvedJob:
    """Resolve a job as for a new output; raise JobError if a filter, task or model is wrong.

    Carried columns without a type in the job are text.
    """
    return resolve_with(job, open_earlier_output(job))


def resolve_with(
    job: Job,
    earlier_output: Output | None,
    recorded: Mapping[str, Any] | None = None,
    carried_types: Mapping[str, str] | None = None,
) -> ResolvedJob:
    """Resolve a job; `earlier_output` is the open output of `filters_from`, if the job has one.

    `carried_types` are the types that the shards of a new output state. `recorded` is the
    job.record of the job's existing output. Its threads, sizes and types stay, and so do its
    commits of models, as long as the job names the same models.
    """
    pinned = recorded["resolved"] if recorded else None
    earlier = EarlierOutput.from_record(earlier_output.record) if earlier_output else None
    filters = filters_to_run(job, earlier)
    stages: dict[str, Filter | Task] = {
        **{_place(job, name, stage): stage for name, stage in filters.items()},
        **{f"tasks.{name}": task for name, task in job.tasks.items()},
    }
    if job.model:
        check_model_packages("model.checkpoint")
    uses_torch = _may_use_torch(job, filters)
    device = _device(job) if uses_torch else "cpu"
    threads = pinned["threads"] if pinned else len(os.sched_getaffinity(0))
    storage = job.open_storage()
    open_job_file = partial(open_file, storage=storage)
    fetch = CachedFolders(storage)
    resources = Resources(open_job_file, device, threads=threads, fetch=fetch)
    known = pinned.get("models", {}) if pinned else {}
    checkpoint = _checkpoint(job.model, recorded, fetch) if job.model else None
    facts = _ask_family(job, checkpoint, resources, fetch) if checkpoint else _FamilyFacts()
    if job.input.pdq:
        load_pdqhash("input.pdq")
    if job.input.video is not None:
        from pipelines.images import check_video_package  # with Pillow

        check_video_package()
    resolved = Resolved(
        checkpoint=checkpoint,
        device=device,
        threads=threads,
        sizes=_sizes(job, checkpoint, device, pinned, fetch),
        files={
            path: _digest(path, where, resources)
            for where, path in [
                *((where, path) for where, stage in stages.items() for path in stage.files()),
                *((("decisions", job.decisions),) if job.decisions else ()),
            ]
        },
        models=_check_filters(job, filters, resources, known),
        terms=facts.terms,
        prompts=facts.prompts,
        longest_trained=facts.longest_trained,
        images_judged=job.judges_images or (earlier is not None and earlier.images_judged),
        rules={name: rules_of(stage) for name, stage in filters.items()},
        packages=_packages(job, filters, device, uses_torch),
        carried_types=_carried_types(job, pinned, earlier, carried_types or {}),
        filters_from=earlier,
        shards=relative_patterns(job.input.patterns()),
    )
    job.check_image_safety(resolved.images_judged)
    return ResolvedJob(job=job, resolved=resolved)


class _FamilyFacts(NamedTuple):
    """What a model family knows of a checkpoint and its prompts: nothing without a model."""

    terms: tuple[str, ...] = ()
    prompts: Mapping[str, str] = {}
    longest_trained: int | None = None


def _ask_family(
    job: Job, checkpoint: ResolvedCheckpoint, resources: Resources, fetch: FetchFolder
) -> _FamilyFacts:
    """Ask the model's family about a checkpoint and the prompts of the job's tasks.

    Raises JobError if the family cannot do a task, or takes fewer images.
    """
    family = family_of(checkpoint, fetch)
    _check_tasks(job.tasks, family, resources)
    with errors_at(f"input.{job.input.images_setting()}: "):
        check_image_tokens(checkpoint, job.input.most_images(), job.tasks, fetch)
    templates = {name: family.prompt_template(task) for name, task in job.tasks.items()}
    return _FamilyFacts(
        family.terms(checkpoint.source),
        {name: each for name, each in templates.items() if each is not None},
        family.longest_trained(checkpoint.resolution),
    )


def _packages(
    job: Job, filters: Mapping[str, Filter], device: str, uses_torch: bool
) -> dict[str, str]:
    """Return the versions of the packages that can change the bytes of the job's output."""
    packages = {name: version(name) for name in (*PACKAGES, *(TORCH_PACKAGES * uses_torch))}
    if job.model:
        packages |= extra_packages(job.model, device)
    used = ["pdqhash"] * job.input.pdq + ["av"] * (job.input.video is not None)
    used += [name for stage in filters.values() for name in stage.versioned_packages]
    return packages | {name: version(name) for name in used}


def _carried_types(
    job: Job,
    pinned: Mapping[str, Any] | None,
    earlier: EarlierOutput | None,
    found: Mapping[str, str],
) -> dict[str, str]:
    """Return the types of carried columns: as recorded, as in the earlier output, or as found.

    Types that the job states replace those found.
    """
    if pinned is not None:
        return dict(pinned.get("carried_types", {}))
    known = earlier.carried_types if earlier else found
    stated = job.input.carried_types()
    types = {name: stated.get(name, known.get(name, "string")) for name in job.input.carried()}
    return {name: kind for name, kind in types.items() if kind != "string"}


def _may_use_torch(job: Job, filters: Mapping[str, Filter]) -> bool:
    """Whether a model, or a filter of the user's own, may compute with torch."""
    own = any(not type(stage).__module__.startswith("filters.") for stage in filters.values())
    models = job.model is not None or any(stage.uses_torch() for stage in filters.values())
    return models or (own and find_spec("torch") is not None)


def _device(job: Job) -> str:
    requested = job.model.device if job.model else "auto"
    return resolve_device(requested, workers_have_gpus=job.runner.workers_have_gpus)


def _check_tasks(tasks: Mapping[str, Task], family: ModelFamily, resources: Resources) -> None:
    """Raise JobError if the model family cannot do a task, or a file of the task is wrong."""
    for name, task in tasks.items():
        with errors_at(f"tasks.{name}."):
            family.check_task(task)
        with errors_at(f"tasks.{name}: "):
            task.load(resources, family)


def _place(job: Job, name: str, stage: Filter) -> str:
    """Name the place of a filter in errors: in the job file, or in the job of `filters_from`."""
    numbers = [number for number, own in enumerate(job.filters) if own is stage]
    return f"filters[{numbers[0]}]" if numbers else f"filters_from: filter {name}"


def _check_filters(
    job: Job, filters: Mapping[str, Filter], resources: Resources, known: Mapping[str, Any]
) -> dict[str, ResolvedModel]:
    """Let every filter check its configuration; return the models of all filters, pinned."""
    models: dict[str, ResolvedModel] = {}
    folders: dict[ModelReference, Path] = {}
    resources = replace(resources, model=lambda reference: folders[reference])
    for name, stage in filters.items():
        with errors_at(f"{_place(job, name, stage)}."):
            for reference in stage.models():
                recorded = known.get(str(reference), {}).get("version")
                pinned, folders[reference] = resolve_model(
                    reference, recorded, fetch=resources.fetch
                )
                models[str(reference)] = pinned
            stage.check(resources)
    return models


def _checkpoint(
    model: Model, recorded: Mapping[str, Any] | None, fetch: FetchFolder
) -> ResolvedCheckpoint:
    """Resolve the checkpoint; recorded commits stay as long as the job names the same models."""
    before = (recorded and recorded["model"]) or {}
    pinned = (recorded and recorded["resolved"]["checkpoint"]) or {}

    def commit(of: Mapping[str, Any], *keys: str) -> str | None:
        same = all(before.get(key) == getattr(model, key) for key in keys)
        return of.get("version") if same else None

    return resolve_checkpoint(
        model,
        commit(pinned, "checkpoint", "revision"),
        commit(pinned.get("adapter") or {}, "adapter", "adapter_revision"),
        fetch,
    )


def _sizes(
    job: Job,
    checkpoint: ResolvedCheckpoint | None,
    device: str,
    pinned: Mapping[str, Any] | None,
    fetch: FetchFolder,
) -> Sizes | None:
    """Resolve the sizes of blocks and batches; the sizes of the first run stay."""
    if job.model is None or checkpoint is None:
        return None
    if pinned and pinned.get("sizes"):
        return Sizes.model_validate(pinned["sizes"])
    longest = max((task.max_new_tokens for task in job.tasks.values()), default=1)
    return resolve_sizes(
        job.model,
        checkpoint,
        device,
        job.runner.model_gpus,
        longest,
        images=job.input.most_images(),
        fetch=fetch,
    )


def _digest(path: str, where: str, resources: Resources) -> str:
    try:
        with resources.open(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    except OSError as error:
        raise JobError(
            f"{where}: {path} cannot be read: {error.strerror}: check the path"
        ) from None
