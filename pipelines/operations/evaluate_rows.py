"""Reads what `shardmill evaluate` needs of an output: the answers of a task, kept samples alone."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from pipelines.evaluation.sample_table import StoredAnswer
from pipelines.operations.stored_rows import read_batches
from pipelines.output.output import Output
from schemas.errors import JobError
from schemas.tables import info_name

_BATCH = 1024  # rows


class AnswerColumns(NamedTuple):
    """The columns that are read."""

    task: str
    truth: str | None = None
    part: str | None = None
    pair: str | None = None

    def names(self) -> list[str]:
        own = ["shard", "index", "key", "status", self.task, info_name(self.task)]
        return list(dict.fromkeys([*own, *(each for each in self[1:] if each)]))


def task_kind(output: Output, task: str | None) -> tuple[str, str]:
    """Return name and kind of the task to judge, the only one by default.

    Raises JobError if the output has no such task, or several and none is named.
    """
    tasks = output.record.get("tasks") or {}
    kinds = {name: str(each.get("kind", "")) for name, each in tasks.items()}
    if task is None and len(kinds) == 1:
        task = next(iter(kinds))
    if task is None or task not in kinds:
        known = f"one of {', '.join(kinds)}" if kinds else "an output of a job with tasks"
        fault = "" if task is None else f"the output has no task {task!r}: "
        raise JobError(f"--task: {fault}name {known}")
    return task, kinds[task]


def read_answers(
    output: Output, columns: AnswerColumns, on_file: Callable[[], None]
) -> Iterator[StoredAnswer]:
    """Yield the answers of kept samples, file by file; raise JobError if a column is missing."""
    names = columns.names()
    for _, progress in output.listing.committed():
        for file in progress.files:
            path = output.layout.file(file)
            for batch in read_batches(path, output.storage, names, _BATCH):
                _check(batch.schema.names, names, output.layout.root)
                yield from _kept(batch, columns)
            on_file()


def _check(found: Sequence[str], wanted: Sequence[str], root: str) -> None:
    if missing := [name for name in wanted if name not in found]:
        raise JobError(
            f"evaluate: {root} has no column {missing[0]!r}: carry it with input.carry, or name "
            "another"
        )


def _kept(batch: pa.RecordBatch, columns: AnswerColumns) -> Iterator[StoredAnswer]:
    for row in batch.to_pylist():
        if row["status"] != "kept":
            continue
        info = row[info_name(columns.task)] or {}
        yield StoredAnswer(
            row["shard"],
            row["index"],
            row["key"],
            info.get("status") or "skipped",
            row[columns.task],
            row[columns.truth] if columns.truth else None,
            _name(row[columns.part]) if columns.part else None,
            _name(row[columns.pair]) if columns.pair else None,
        )


def _name(value: object) -> str | None:
    return None if value is None else value if isinstance(value, str) else str(value)
