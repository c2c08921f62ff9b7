"""Reads what `shardmill evaluate` needs of an output: the answers of a task, kept samples alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from pipelines.evaluation.metrics.metric import Kind
from pipelines.evaluation.metrics.values import WrongValue, check_prediction
from pipelines.evaluation.sample_table import WHOLE, StoredAnswer
from pipelines.operations.stored_samples.checked_rows import wrong_row
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.output.footers import read_schema
from pipelines.output.output import Output
from schemas.errors import JobError
from schemas.known_names import known_names
from schemas.tables import info_name

_BATCH = 1024  # rows
_MOST_PARTS = 1_000  # values of a column by which samples are divided
_WITHHELD = ("redacted", "dropped", "quarantined")  # of an answer


class AnswerColumns(NamedTuple):
    """The columns that are read."""

    task: str
    truth: str | None = None
    part: str | None = None
    pair: str | None = None

    def names(self) -> list[str]:
        own = ["shard", "index", "key", "status", "redactions", self.task, info_name(self.task)]
        return list(dict.fromkeys([*own, *(each for each in self[1:] if each)]))

    def options(self) -> Mapping[str, str]:
        """Return which option names a column."""
        named = {"--truth": self.truth, "--by": self.part}
        return {column: option for option, column in named.items() if column}


def task_kind(output: Output, task: str | None) -> tuple[str, str]:
    """Return name and kind of the task to judge, the only one by default.

    Raises JobError if the output has no such task, or several and none is named.
    """
    tasks = output.record.get("tasks") or {}
    kinds = {name: str(each.get("kind", "")) for name, each in tasks.items()}
    if task is None and len(kinds) == 1:
        task = next(iter(kinds))
    if task is None or task not in kinds:
        if not kinds:
            raise JobError("--task: name an output of a job with tasks")
        if task is None:
            raise JobError(f"--task: name one of {', '.join(kinds)}")
        known = known_names(task, kinds)
        raise JobError(f"--task: the output has no task {task!r}: name one of {known}")
    return task, kinds[task]


def read_answers(
    output: Output, columns: AnswerColumns, kinds: Sequence[Kind], on_file: Callable[[], None]
) -> Iterator[StoredAnswer]:
    """Yield the answers of kept samples, file by file.

    Raises JobError if a column is missing, or if metrics of `kinds` cannot read an answer.
    """
    names = columns.names()
    for _, progress in output.listing.committed():
        for file in progress.files:
            path = output.layout.file(file)
            for batch in read_batches(path, output.storage, names, _BATCH):
                check_columns(batch.schema, names, output, file, columns.options())
                for row in _kept(batch):
                    answer = _answer(row, columns)
                    try:
                        if answer.status in WHOLE:
                            check_prediction(kinds, answer.value)
                    except WrongValue as wrong:
                        problem = f"in {columns.task!r} {wrong}"
                        raise wrong_row(path, row, problem) from None
                    yield answer
            on_file()


def check_columns(
    found: pa.Schema, wanted: Sequence[str], output: Output, file: str, options: Mapping[str, str]
) -> None:
    """Raise JobError if a column is missing, or if one that divides samples has no plain values.

    `found` has those of the wanted columns that the file of the output has. `options` says which
    option names a column.
    """
    for name in wanted:
        option = options.get(name, "evaluate")
        if name not in found.names:
            known = read_schema(output.storage, output.layout.file(file)).names
            raise JobError(
                f"{option}: {output.layout.root} has no column {name!r}: it has "
                f"{known_names(name, known)}: name one of these, or carry it with "
                f"input.carry (`shardmill schema {output.layout.root}` lists all)"
            )
        if option == "--by" and pa.types.is_nested(found.field(name).type):
            raise JobError(
                f"--by: the column {name!r} holds lists or objects: name one of texts or numbers"
            )


def check_parts(number: int, column: str) -> None:
    """Raise JobError if a column has too many values to divide samples by them."""
    if number > _MOST_PARTS:
        raise JobError(
            f"--by: {column} has more than {_MOST_PARTS:,} values: name a column of subgroups"
        )


def _kept(batch: pa.RecordBatch) -> Iterator[Mapping[str, Any]]:
    return (row for row in batch.to_pylist() if row["status"] == "kept")


def _answer(row: Mapping[str, Any], columns: AnswerColumns) -> StoredAnswer:
    info = row[info_name(columns.task)] or {}
    status = info.get("status") or "skipped"
    return StoredAnswer(
        row["shard"],
        row["index"],
        row["key"],
        status,
        row[columns.task],
        row[columns.truth] if columns.truth else None,
        part_name(row[columns.part]) if columns.part else None,
        part_name(row[columns.pair]) if columns.pair else None,
        bool(row["redactions"]) or status in _WITHHELD,
    )


def part_name(value: object) -> str | None:
    """Return the value of a column that divides samples, as a text."""
    return None if value is None else value if isinstance(value, str) else str(value)
