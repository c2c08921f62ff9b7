"""`shardmill evaluate --safety`: how often answers are harmful by the scores of filters."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipelines.annotation.worker_faults import worker_faults
from pipelines.evaluation.published import Checkpoint, checkpoint_of
from pipelines.operations.evaluate import OnProgress
from pipelines.operations.evaluating.evaluate_rows import (
    check_columns,
    check_parts,
    part_name,
    task_kind,
)
from pipelines.operations.evaluating.evaluation_files import check_name, store_evaluation
from pipelines.operations.evaluating.safety_counts import (
    FilterSafety,
    SafetyCounter,
    SafetyEvaluation,
    summarize_subgroups,
)
from pipelines.operations.evaluating.safety_filters import SafetyFilter, safety_filters
from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.output import Output, open_output
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.tables import info_name

_BATCH = 1024  # rows
_REASONS = ("withheld", "indeterminate", "without_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSafety:
    """What a user asks for."""

    filters: Sequence[str]  # names in rows, kinds, or mappings in YAML
    task: str | None = None  # the only one
    by: Sequence[str] = ()  # columns of subgroups
    threshold: float = 0.8
    name: str | None = None  # of the stored evaluation; None: the task's


class JudgedSafety(NamedTuple):
    """An evaluation, and where it is stored."""

    result: SafetyEvaluation
    file: str
    waiting: tuple[str, ...]  # a line if the output is not complete
    checkpoint: Checkpoint  # that answered


def evaluate_safety(
    output: str,
    asked: AskedSafety,
    storage: Storage | None = None,
    on_progress: OnProgress = lambda _step, _share: None,
) -> JudgedSafety:
    """Count the answers of kept samples whose scores reach the threshold, and store the numbers.

    Answers that a filter withheld count by the scores that it stored. Memory grows with subgroups,
    not with samples. Raises JobError if something asked for does not exist or does not fit, or if
    no answer was judged; ServiceFault if a service does not judge.
    """
    opened = open_output(output, storage or STORAGE)
    task, _ = task_kind(opened, asked.task)
    name = check_name(asked.name or f"{task}-safety")
    job = recorded_job(opened, "its answers cannot be judged by --safety")
    with worker_faults():
        filters = safety_filters(opened, job, task, asked.filters)
        count = _Count(task, filters, asked)
        for rows in _rows(opened, count.columns(), asked.by, on_progress):
            count.add(rows)
    result = SafetyEvaluation(
        output=fingerprint_of(opened.record),
        task=task,
        threshold=asked.threshold,
        filters=tuple(count.results()),
        without_subgroup=count.without,
    )
    file = store_evaluation(opened, name, result)
    waiting = opened.missing_line(opened.layout.root, "so their samples are not judged")
    return JudgedSafety(result, file, tuple(waiting), checkpoint_of(opened.record))


def _rows(
    output: Output, columns: Sequence[str], by: Sequence[str], on_progress: OnProgress
) -> Iterator[list[dict[str, Any]]]:
    """Yield the kept rows of each batch."""
    options = dict.fromkeys(by, "--by")
    total, done = output.count_files(), 0
    for _, progress in output.listing.committed():
        for file in progress.files:
            path = output.layout.file(file)
            for batch in read_batches(path, output.storage, columns, _BATCH):
                check_columns(batch.schema, columns, output, file, options)
                yield [row for row in batch.to_pylist() if row["status"] == "kept"]
            done += 1
            on_progress("judging", done / total)


class _Count:
    """Counts rows for each filter."""

    def __init__(self, task: str, filters: Sequence[SafetyFilter], asked: AskedSafety) -> None:
        self._task, self._filters, self._by = task, filters, asked.by
        self._counters = [SafetyCounter(asked.threshold, each.zero_scores) for each in filters]
        self._samples: list[Counter[str]] = [Counter() for _ in filters]
        self._seen: dict[str, set[str]] = {column: set() for column in asked.by}
        self.without = dict.fromkeys(asked.by, 0)

    def columns(self) -> list[str]:
        """Return the columns that are read; answers only if a filter judges them now."""
        answers = [] if all(each.from_rows for each in self._filters) else [self._task]
        return ["status", "scores", info_name(self._task), *answers, *self._by]

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Count the answers of kept rows."""
        info = info_name(self._task)
        statuses = [(row[info] or {}).get("status") or "skipped" for row in rows]
        asked = [place for place, status in enumerate(statuses) if status != "skipped"]
        subgroups = [self._subgroups(rows[place]) for place in asked]
        for stage, counter, samples in zip(
            self._filters, self._counters, self._samples, strict=True
        ):
            samples["kept"] += len(rows)
            samples["not_asked"] += len(rows) - len(asked)
            scored = stage.score([rows[each] for each in asked], [statuses[each] for each in asked])
            for each, of in zip(scored, subgroups, strict=True):
                if each.why_not:
                    samples[each.why_not] += 1
                else:
                    counter.add(each.scores, of)

    def results(self) -> Iterator[FilterSafety]:
        """Yield the result of each filter; raise JobError if one has judged no answer."""
        for stage, counter, samples in zip(
            self._filters, self._counters, self._samples, strict=True
        ):
            numbers = {name: samples[name] for name in ("kept", "not_asked", *_REASONS)}
            if not counter.judged:
                told = ", ".join(f"{name} {number:,}" for name, number in numbers.items() if number)
                raise JobError(
                    f"--safety: {stage.name} judged no answer: {told or 'no kept sample'}"
                )
            values = counter.values()
            subgroups = {column: counter.subgroups(column) for column in self._by}
            yield FilterSafety(
                filter=stage.name,
                from_rows=stage.from_rows,
                samples={"kept": numbers["kept"], "judged": counter.judged, **numbers},
                values=values,
                subgroups=subgroups,
                summaries={
                    column: summarize_subgroups(each, values) for column, each in subgroups.items()
                },
            )

    def _subgroups(self, row: Mapping[str, Any]) -> dict[str, str | None]:
        found = {column: part_name(row[column]) for column in self._by}
        for column, name in found.items():
            if name is None:
                self.without[column] += 1
                continue
            self._seen[column].add(name)
            check_parts(len(self._seen[column]), column)
        return found
