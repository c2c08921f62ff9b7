"""`shardmill fetch`: downloads the models of a job, so that later runs here need no network."""

from collections.abc import Callable, Iterator
from pathlib import Path

from inference import (
    fetch_adapter,
    fetch_checkpoint,
    fetch_reference,
    resolve_checkpoint,
    resolve_model,
)
from pipelines.config.job import Job
from pipelines.config.validation_errors import errors_at
from pipelines.storage.cached_folders import CachedFolders, Copied


def fetch(
    job: Job,
    on_progress: Callable[[Copied], None] = lambda _: None,
    on_wait: Callable[[str], None] = lambda _: None,
) -> Iterator[tuple[str, Path]]:
    """Download each model; yield its name and folder.

    `on_progress` is told how far the copies of files from buckets are, and `on_wait` that another
    process copies a folder.
    """
    folders = CachedFolders(job.open_storage(), on_progress, on_wait)
    references = [
        (f"filters[{number}].", reference)
        for number, stage in enumerate(job.filters)
        for reference in stage.models()
    ]
    judges = {f"evaluations.{task}": each for task, each in job.evaluations.items()}
    for place, each in [*judges.items(), ("canary", job.canary)]:
        if each is not None and each.entailment is not None:
            references.append((f"{place}.entailment.", each.entailment.reference()))
    if job.model is not None:
        checkpoint = resolve_checkpoint(job.model, fetch=folders)
        yield job.model.checkpoint, fetch_checkpoint(checkpoint, folders)
        if checkpoint.adapter is not None:
            yield str(job.model.adapter), fetch_adapter(checkpoint.adapter, folders)
    for place, reference in references:
        with errors_at(place):
            resolved, _ = resolve_model(reference, fetch=folders)
            folder = fetch_reference(resolved, reference, folders)
            yield reference.name, folder
