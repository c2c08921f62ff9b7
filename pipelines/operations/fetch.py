"""`shardmill fetch`: downloads the models of a job, so that later runs here need no network."""

from collections.abc import Iterator
from pathlib import Path

from inference import (
    fetch_adapter,
    fetch_checkpoint,
    fetch_model,
    resolve_checkpoint,
    resolve_model,
)
from pipelines.config.job import Job
from pipelines.config.validation_errors import errors_at
from schemas.errors import JobError


def fetch(job: Job) -> Iterator[tuple[str, Path]]:
    """Download each model; yield its name and folder. Raises JobError if the job names no model."""
    references = [
        (f"filters[{number}].", reference)
        for number, stage in enumerate(job.filters)
        for reference in stage.models()
    ]
    if job.model is None and not references:
        raise JobError("model: the job names no model: there is nothing to fetch")
    if job.model is not None:
        checkpoint = resolve_checkpoint(job.model)
        yield job.model.checkpoint, fetch_checkpoint(checkpoint)
        if checkpoint.adapter is not None:
            yield str(job.model.adapter), fetch_adapter(checkpoint.adapter)
    for place, reference in references:
        with errors_at(place):
            resolved, _ = resolve_model(reference)
            yield reference.name, fetch_model(resolved, reference.field, needs=reference.needs)
