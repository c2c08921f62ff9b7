"""The job file's `canary`: a golden set that the job must annotate well before it runs."""

import operator
import re
from collections.abc import Collection, Mapping
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from pipelines.config.evaluation import Entailment
from pipelines.config.field_source import FieldSource
from pipelines.config.input import Input
from schemas.errors import JobError
from schemas.frozen import Frozen
from schemas.known_names import known_names
from schemas.path_text import PathText

_REQUIREMENT = re.compile(r"\s*(>=|<=|>|<)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
_COMPARISONS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


class Requirement(NamedTuple):
    """What a value of a metric must be on the golden set."""

    task: str
    metric: str
    result: str | None  # one of the metric's results; None: the first
    comparison: str  # >=, >, <= or <
    bound: float

    @property
    def name(self) -> str:
        """The name in the job file, such as `caption.cider`."""
        return ".".join(each for each in (self.task, self.metric, self.result) if each)

    def __str__(self) -> str:
        return f"{self.comparison} {self.bound:g}"

    def is_met(self, value: float | None) -> bool:
        """Return whether a value fulfills the requirement; none fulfills no requirement."""
        if value is None:
            return False
        return bool(_COMPARISONS[self.comparison](value, self.bound))


class CanarySettings(Frozen):
    """A golden set, and what the job's answers about it must reach before a run begins."""

    golden: str | tuple[str, ...]
    """A pattern, or a list of patterns, that names the shards of the golden set.

    They are written like `input.shards`, and read as the shards of the job.
    """
    truth: Mapping[str, PathText] = Field(min_length=1)
    """The references of each task that is judged: task -> column or pattern of files.

    A column is one of `columns`, of `input.carry`, or `source_text`. Files are `.parquet` or
    `.jsonl`, and have the columns `key` and, for the references, one that is named after the task
    or `truth`.
    """
    columns: Mapping[str, str] = {}
    """Further columns that are read from the golden set alone: column -> source, as in `input`."""
    require: Mapping[str, str] = Field(min_length=1)
    """The requirements: `task.metric` -> a comparison with a number, such as `">= 1.2"`.

    The comparisons are `>=`, `>`, `<=` and `<`. `task.metric.result` names another result of the
    metric than its first, such as `answer.pope.recall`.
    """
    entailment: Entailment | None = Field(None, exclude_if=lambda each: each is None)
    """The model for the metric `non_entailed`, as in `evaluations`; null: none."""
    output: PathText | None = None
    """The folder for the rows of the golden set; null: the job's `output` with `-golden` behind."""

    @model_validator(mode="after")
    def _check_requirements(self) -> Self:
        for requirement in self.requirements():
            if requirement.task not in self.truth:
                raise JobError(
                    f"canary.require: {requirement.name}: the task {requirement.task!r} has no "
                    "references: name them in canary.truth"
                )
        for column, source in self.columns.items():
            try:
                FieldSource.parse(source)
            except ValueError as error:
                raise JobError(f"canary.columns.{column}: {error}") from None
        return self

    def patterns(self) -> tuple[str, ...]:
        """Return the patterns of the shards."""
        return (self.golden,) if isinstance(self.golden, str) else self.golden

    def requirements(self) -> tuple[Requirement, ...]:
        """Return the requirements; raise JobError if one is not written as it must be."""
        return tuple(_parse(name, text) for name, text in self.require.items())

    def input(self, given: Input) -> Input:
        """Return how the golden set is read by a job with this `input`."""
        carry = given.carry if isinstance(given.carry, Mapping) else given.carried()
        if twice := sorted(carry.keys() & self.columns.keys()):
            raise JobError(
                f"canary.columns: {twice[0]} is a column of input.carry too: name it otherwise"
            )
        values = {name: getattr(given, name) for name in Input.model_fields}
        changes = {"shards": self.golden, "carry": {**carry, **self.columns}}
        return Input.model_validate({**values, **changes})

    def check(self, tasks: Collection[str], given: Input) -> None:
        """Raise JobError if a task or a column of references is not one of the job."""
        columns = {*self.input(given).carried(), *(["source_text"] if given.text else [])}
        for task, truth in self.truth.items():
            if task not in tasks:
                raise JobError(
                    f"canary.truth: there is no task {task!r}: name one of "
                    f"{known_names(task, tasks)}"
                )
            if _COLUMN.fullmatch(truth) and truth not in columns:
                raise JobError(
                    f"canary.truth.{task}: {truth!r} is not read from the golden set: add it to "
                    f"canary.columns (known here: {known_names(truth, sorted(columns))})"
                )

    def truth_column(self, task: str) -> str | None:
        """Return the column with the references of a task; None if they lie in files."""
        truth = self.truth[task]
        return truth if _COLUMN.fullmatch(truth) else None


def _parse(name: str, text: str) -> Requirement:
    task, _, rest = name.partition(".")
    metric, _, result = rest.partition(".")
    if not task or not metric or "." in result:
        raise JobError(
            f"canary.require: {name!r} names no metric of a task: write it as caption.cider"
        )
    found = _REQUIREMENT.fullmatch(text)
    if found is None:
        raise JobError(
            f"canary.require.{name}: {text!r} is no comparison with a number: write it as "
            '">= 1.2", with one of >=, >, <= and <'
        )
    return Requirement(task, metric, result or None, found[1], float(found[2]))
