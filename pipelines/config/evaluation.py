"""The job file's `evaluations`: how answers are scored when the output is complete."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import Field, model_validator

from filters.classifiers.model_filter import TOKENIZER
from pipelines.config.input import Input
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.known_names import known_names
from schemas.models import ModelReference
from schemas.path_text import PathText
from schemas.tables import CONTENT, IDENTITY

_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Entailment(Frozen):
    """A model that decides whether a reference entails a sentence, for the metric `non_entailed`.

    The name of the model alone is enough: `entailment: nli-model`.
    """

    model: PathText = Field(min_length=1)
    """A classifier of pairs of texts: a hub id, or a folder with safetensors files."""
    revision: PathText = "main"
    """The branch, tag or commit of a hub id."""
    label: str = "entailment"
    """The label of the model that means entailment, in any case."""

    @model_validator(mode="before")
    @classmethod
    def _read_name(cls, data: Any) -> Any:
        return {"model": data} if isinstance(data, str) else data

    def reference(self) -> ModelReference:
        """Return the model as it is looked up."""
        return ModelReference(self.model, self.revision, needs=(TOKENIZER,))


class TaskEvaluation(Frozen):
    """How the answers of a task are scored, as by `shardmill evaluate`."""

    metrics: tuple[str, ...] = Field(min_length=1)
    """The metrics, such as `[cider, bleu4]`."""
    truth: PathText
    """The references: a column of `input.carry`, `source_text`, or a pattern of files.

    Files are `.parquet` or `.jsonl`, and have the columns `key` and, for the references, one that
    is named after the task or `truth`.
    """
    by: str | None = None
    """The column whose values divide the samples; null: none."""
    entailment: Entailment | None = Field(None, exclude_if=lambda each: each is None)
    """The model for the metric `non_entailed`; null: none."""

    @property
    def truth_is_column(self) -> bool:
        """Whether `truth` names a column, and not files."""
        return _COLUMN.fullmatch(self.truth) is not None


def check_evaluations(
    evaluations: Mapping[str, TaskEvaluation], tasks: Collection[str], given: Input
) -> None:
    """Raise JobError if a task or a column is not one of the job."""
    columns = {*given.carried(), *IDENTITY, *CONTENT}
    known = {*given.carried(), *(["source_text"] if given.text else [])}
    for task, each in evaluations.items():
        place = f"evaluations.{task}"
        if task not in tasks:
            raise JobError(
                f"evaluations: there is no task {task!r}: name one of {known_names(task, tasks)}"
            )
        if each.truth_is_column and each.truth not in known:
            raise JobError(
                f"{place}.truth: rows have no column {each.truth!r}: add it to input.carry "
                f"(known here: {known_names(each.truth, sorted(known))})"
            )
        if each.by is not None and each.by not in columns:
            raise JobError(
                f"{place}.by: rows have no column {each.by!r}: add it to input.carry "
                f"(known here: {known_names(each.by, sorted(columns))})"
            )
