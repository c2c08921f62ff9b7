"""A job with everything resolved: what a worker gets, and what the output's record says."""

import os
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import pyarrow as pa
from pydantic import Field

from inference import Model, ResolvedCheckpoint, Sizes, fetch_reference
from pipelines.config.input import Input
from pipelines.config.job import Job
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.layout import Layout
from pipelines.output.ownership import Ownership
from pipelines.output.record import RecordId
from pipelines.planning.filters_from import EarlierOutput
from pipelines.planning.provenance import provenance_of
from pipelines.storage.cached_folders import CachedFolders
from pipelines.storage.paths import absolute
from pipelines.storage.resolve import open_file
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen
from schemas.models import ResolvedModel
from schemas.resources import Resources

BLOCK = 256  # samples per block of a job without a model


class Resolved(Frozen):
    """The values that the job file leaves open, pinned by the first run of an output."""

    checkpoint: ResolvedCheckpoint | None
    """The pinned checkpoint; null if the job has no tasks."""
    device: str
    """The device of the models: cpu or cuda."""
    threads: int
    """The threads for arithmetic on the CPU; the results of sums depend on their number."""
    sizes: Sizes | None = None
    """The sizes of blocks and batches; null if the job has no tasks."""
    files: Mapping[str, str]
    """The SHA-256 of each file that filters and tasks read, by its path."""
    models: Mapping[str, ResolvedModel] = {}
    """The pinned models of filters, by `name@revision`."""
    terms: tuple[str, ...] = ()
    """The terms of use of the checkpoint, as far as its name tells."""
    prompts: Mapping[str, str] = {}
    """The prompt of each task; `{field}` stands for a field of the sample.

    A prompt with more than fields of the sample, such as a box, is missing.
    """
    longest_trained: int | None = None
    """The most tokens of the texts that the checkpoint was trained on; null if unknown."""
    images_judged: bool = False
    """Whether a filter judges the content of images with a model."""
    rules: Mapping[str, str] = {}
    """The version of each filter's rules."""
    packages: Mapping[str, str]
    """The versions of the packages that can change the bytes of the output."""
    carried_types: Mapping[str, str] = {}
    """The types of the carried columns that are not text, by the column's name."""
    filters_from: EarlierOutput | None = None
    """The earlier output whose verdicts are reused; null if there is none."""
    shards: tuple[str, ...] = ()
    """The patterns of the shards, relative to the common root of all shards."""


class ResolvedJob(Frozen):
    """A job with everything resolved: all that a worker needs besides a unit. It can be pickled."""

    job: Job
    """The job as its file says."""
    resolved: Resolved
    """The values that the job file leaves open."""
    folder: str = Field(default_factory=os.getcwd)
    """The folder from which relative paths of the job begin; a worker may run in another."""
    record_id: RecordId | None = None
    """The record of the output for which a run works; null if no output is written."""

    forgotten: tuple[str, ...] = ()
    """The names of the output's lists of samples to forget."""

    def with_record_id(self, record_id: RecordId) -> "ResolvedJob":
        return self.model_copy(update={"record_id": record_id})

    @property
    def record_number(self) -> int:
        """The number of the record for which a run works."""
        return self.record_id.number if self.record_id else 0

    def ownership(self, storage: Storage) -> Ownership:
        """Return the check whether the output still belongs to this job."""
        return Ownership(self.layout, self.record_id, self.fingerprint, storage, self.forgotten)

    def check_output(self, storage: Storage) -> None:
        """Raise JobError if the output was deleted, or begun by another job, since it was planned.

        A run calls this before it writes anything.
        """
        self.ownership(storage).check()

    @cached_property
    def record(self) -> dict[str, Any]:
        """The content of job.record, except for the name of the manifest and the beginning."""
        return {
            **self.job.model_dump(mode="json"),
            "resolved": self.resolved.model_dump(mode="json"),
        }

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything that decides the bytes of the output, in hexadecimal."""
        return fingerprint_of(self.record)

    @cached_property
    def provenance(self) -> dict[str, str] | None:
        """The value of the column `provenance`; None if the job has no such column."""
        return provenance_of(self.record).as_column() if self.job.provenance else None

    @property
    def long_answers(self) -> Mapping[str, int]:
        """The tasks that allow more tokens than the checkpoint's training texts had, with these."""
        trained = self.resolved.longest_trained
        limits = {name: task.max_new_tokens for name, task in self.job.tasks.items()}
        return {name: limit for name, limit in limits.items() if trained and limit > trained}

    @property
    def input(self) -> Input:
        """The job's `input`, with the types of its carried columns."""
        return self.job.input.with_types(self.resolved.carried_types)

    @property
    def output_schema(self) -> pa.Schema:
        """The schema of the Parquet files that the job writes."""
        return self.job.model_copy(update={"input": self.input}).output_schema()

    @property
    def uses_torch(self) -> bool:
        """Whether a model, or a filter of the user's own, may compute with torch."""
        return "torch" in self.resolved.packages

    @property
    def resources(self) -> Resources:
        """The resources for loading filters and engine in a worker."""
        models, storage = self.resolved.models, self.job.open_storage()
        fetch = CachedFolders(storage)
        return Resources(
            partial(open_file, start=self.folder, storage=storage),
            self.resolved.device,
            gpus=self.job.runner.model_gpus,
            threads=self.resolved.threads,
            model=lambda reference: fetch_reference(models[str(reference)], reference, fetch),
            fetch=fetch,
        )

    @property
    def model(self) -> Model | None:
        """The model of the job with its resolved sizes; None for a job that only filters."""
        model, sizes = self.job.model, self.resolved.sizes
        if model is None or sizes is None:
            return model
        return model.model_copy(update=sizes.model_dump())

    @property
    def block_size(self) -> int:
        """The number of kept samples that the engine answers together; BLOCK without a model."""
        size = self.model.block_size if self.model else None
        return BLOCK if size is None else size

    @property
    def layout(self) -> Layout:
        return Layout(absolute(self.job.output, self.folder))
