"""Adds up scores, and lengths and statuses of answers, over batches of rows.

A tally is made for each file, so that files can be read side by side, and tallies are merged in the
order of the files. Its memory does not grow with the number of rows.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from filters.base import INDETERMINATE
from pipelines.report.score_values import ScoreValues
from schemas.tables import info_name

MAX_SCORES = 200  # names of scores; rows of an output have some dozens
MAX_LABELS = 1000  # labels of objects in each task
OF_LANGUAGES = "probability"  # in place of a language, after which a filter names its score
_WITH_LABELS = ("detect", "segment")  # kinds of tasks


@dataclass(frozen=True, slots=True)
class TallySource:
    """What is read of rows."""

    tasks: Mapping[str, str]  # the kind of each task
    language_filters: Collection[str] = ()  # filters that name scores after languages

    def columns(self) -> list[str]:
        """Return the leaf columns that a tally needs."""
        info = ("status", "finish_reason", "num_tokens")
        labels = [f"{task}.list.element.label" for task in self.tasks if self.has_labels(task)]
        infos = [f"{info_name(task)}.{name}" for task in self.tasks for name in info]
        return ["status", "scores", *infos, *labels]

    def has_labels(self, task: str) -> bool:
        return self.tasks[task] in _WITH_LABELS

    def score_name(self, stored: str) -> str:
        """Return the name under which a stored score is counted."""
        by, _, score = stored.partition(".")
        is_language = by in self.language_filters and not score.startswith(INDETERMINATE)
        return f"{by}.{OF_LANGUAGES}" if is_language and "." not in score else stored


@dataclass(slots=True)
class AnswerTally:
    """The answers of one task."""

    statuses: Counter[str] = field(default_factory=Counter)
    finish_reasons: Counter[str] = field(default_factory=Counter)
    tokens: Counter[int] = field(default_factory=Counter)  # number of tokens -> answers
    objects: Counter[int] = field(default_factory=Counter)  # number of objects -> answers
    labels: Counter[str] = field(default_factory=Counter)
    other_labels: int = 0  # objects whose label is one too many to be counted by itself

    def merge(self, other: "AnswerTally") -> None:
        self.statuses.update(other.statuses)
        self.finish_reasons.update(other.finish_reasons)
        self.tokens.update(other.tokens)
        self.objects.update(other.objects)
        self.other_labels += other.other_labels
        self.add_labels(other.labels.items())

    def add_labels(self, numbers: Iterable[tuple[str, int]]) -> None:
        for label, number in numbers:
            if label in self.labels or len(self.labels) < MAX_LABELS:
                self.labels[label] += number
            else:
                self.other_labels += number


class RowTally:
    """The sums over rows."""

    def __init__(self, source: TallySource) -> None:
        self._source = source
        self.scores: dict[str, ScoreValues] = {}
        self.has_more_scores = False  # than are counted
        self.answers = {task: AnswerTally() for task in source.tasks}

    def add(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch that has the columns of the source."""
        self._add_scores(batch)
        for task in self._source.tasks:
            if info_name(task) in batch.schema.names:
                self._add_answers(task, batch)

    def merge(self, other: "RowTally") -> None:
        for name, values in other.scores.items():
            if (own := self._values_of(name)) is not None:
                own.merge(values)
        for task, answers in other.answers.items():
            self.answers[task].merge(answers)
        self.has_more_scores |= other.has_more_scores

    def _values_of(self, name: str) -> ScoreValues | None:
        """Return the values of a score; None if it has one name too many."""
        if name not in self.scores and len(self.scores) >= MAX_SCORES:
            self.has_more_scores = True
            return None
        return self.scores.setdefault(name, ScoreValues())

    def _add_scores(self, batch: pa.RecordBatch) -> None:
        is_kept = _mask(pc.equal(batch["status"], "kept"))
        rows = pc.list_parent_indices(batch["scores"]).to_numpy()
        names, values = pc.list_flatten(batch["scores"]).flatten()
        encoded = pc.dictionary_encode(names)
        codes = encoded.indices.to_numpy()
        order = np.argsort(codes, kind="stable")
        kept, numbers = is_kept[rows][order], values.to_numpy()[order]
        ends = np.cumsum(np.bincount(codes, minlength=len(encoded.dictionary))).tolist()
        starts = [0, *ends]
        stored = encoded.dictionary.to_pylist()
        for name, start, end in zip(stored, starts, ends, strict=False):
            counts = self._values_of(self._source.score_name(name))
            if counts is not None:
                own, of_kept = numbers[start:end], kept[start:end]
                is_finite = np.isfinite(own)
                counts.kept.add(own[is_finite & of_kept])
                counts.others.add(own[is_finite & ~of_kept])

    def _add_answers(self, task: str, batch: pa.RecordBatch) -> None:
        tally, info = self.answers[task], batch[info_name(task)]
        tally.statuses.update(_numbers(pc.struct_field(info, "status")))
        tally.finish_reasons.update(_numbers(pc.struct_field(info, "finish_reason")))
        tally.tokens.update(_numbers(pc.struct_field(info, "num_tokens")))
        if self._source.has_labels(task) and task in batch.schema.names:
            objects = batch[task]
            tally.objects.update(_numbers(pc.list_value_length(objects)))
            labels = pc.struct_field(pc.list_flatten(objects), "label")
            tally.add_labels(sorted(_numbers(labels).items()))


def _numbers(values: pa.Array) -> dict[Any, int]:
    """Return how often each value occurs, without null."""
    found = pc.value_counts(values)
    values, counts = found.flatten()
    pairs = zip(values.to_pylist(), counts.to_pylist(), strict=True)
    return {value: number for value, number in pairs if value is not None}


def _mask(found: pa.Array) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return mask
