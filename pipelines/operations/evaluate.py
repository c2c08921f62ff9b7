"""`shardmill evaluate`: scores the answers of an output by references, or by another output."""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pipelines.evaluation import summarize
from pipelines.evaluation.metrics.all_metrics import METRICS
from pipelines.evaluation.metrics.metric import Metric
from pipelines.evaluation.results import Evaluation
from pipelines.evaluation.sample_table import SampleTable, StoredAnswer
from pipelines.evaluation.score_samples import MetricScores, score_samples
from pipelines.evaluation.truth_rows import LINES, PARQUET, TruthColumns, read_truths
from pipelines.operations.evaluate_rows import AnswerColumns, read_answers, task_kind
from pipelines.operations.evaluation_files import store_evaluation, store_scores
from pipelines.output.output import Output, open_output
from pipelines.planning.globs import glob_matcher
from pipelines.planning.shard_root import fixed_folder
from pipelines.storage.paths import absolute
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from pipelines.storage.urls import check_url
from schemas.errors import JobError

_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_WILDCARD = re.compile(r"[*?\[]")

OnProgress = Callable[[str, float], None]  # a step, and the share of it that is done


@dataclass(frozen=True, slots=True)
class WorstSample:
    """A sample with one of the worst scores."""

    shard: str
    index: int
    key: str | None
    score: float
    answer: object
    truth: object


class Evaluated(NamedTuple):
    """An evaluation, where it is stored, and what a terminal shows besides."""

    result: Evaluation
    file: str
    scores: str | None  # the file of the scores of each sample
    worst: tuple[WorstSample, ...]
    waiting: tuple[str, ...]  # a line for each output that is not complete


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a user asks for."""

    task: str | None = None  # the only one
    truth: str | None = None  # a carried column, or a pattern of files
    truth_column: str | None = None  # of files; None: `truth`, or the name of the task
    metrics: Sequence[str] = ()
    by: str | None = None
    against: str | None = None
    worst: int = 0
    name: str | None = None  # of the stored evaluation; None: the task's


def evaluate(
    output: str,
    asked: Asked,
    storage: Storage | None = None,
    on_progress: OnProgress = lambda _step, _share: None,
) -> Evaluated:
    """Score the kept samples that the model was asked about, and store the evaluation.

    Reads committed rows and no shard. An answer that is partial, or that a filter withheld, counts
    as an empty one. Memory does not grow with the texts of samples, which a temporary folder holds.
    Raises JobError if something asked for does not exist or does not fit, if files are damaged, and
    if no sample can be judged.
    """
    storage = storage or STORAGE
    first = open_output(output, storage)
    task, kind = task_kind(first, asked.task)
    metrics = _metrics(asked, kind)
    second = None if asked.against is None else open_output(asked.against, storage)
    if second is not None:
        if second.layout.root == first.layout.root:
            raise JobError("--against: is the same output: name another")
        task_kind(second, task)
    name = asked.name or f"{task}{'-against' * (second is not None)}"
    if not _NAME.fullmatch(name):
        raise JobError(f"--name: {name!r}: use letters, digits, - and _")
    column = asked.truth if asked.truth and _COLUMN.fullmatch(asked.truth) else None
    pair = next((each.group for each in metrics if each.group), None)
    with tempfile.TemporaryDirectory(prefix="shardmill-") as folder:
        table = SampleTable(Path(folder, "samples"), [each.kind for each in metrics])
        try:
            by_key = asked.truth is not None and column is None
            wrong_keys = _add_truths(table, asked, task, storage) if by_key else 0
            columns = AnswerColumns(task, column, asked.by, pair)
            table.add_answers(0, _answers(first, columns, on_progress))
            if second is not None:
                table.add_answers(1, _answers(second, AnswerColumns(task), on_progress))
            on_progress("joining", 0)
            numbers = table.join(by_key=by_key, compared=second is not None)
            if by_key:
                numbers["truth_without_key"] = wrong_keys
            if not numbers["judged"]:
                raise JobError(f"evaluate: no sample can be judged: {_reasons(numbers)}")
            scores = _scores(metrics, table, on_progress, second is not None)
            parts = summarize.part_values(scores, table) if asked.by else {}
            result = Evaluation(
                output=first.record_id.digest,
                task=task,
                truth=asked.truth,
                against=second.record_id.digest if second else None,
                samples=numbers,
                values=summarize.all_values(scores),
                by=asked.by,
                parts=parts,
                averages=summarize.averages(parts) if asked.by == "language" else {},
                comparisons=summarize.comparisons(scores),
            )
            scores_file = (
                store_scores(first, name, table.samples(), scores, Path(folder)) if scores else None
            )
            bad = _worst(metrics[0], scores, table, asked.worst) if scores else []
        finally:
            table.close()
    file = store_evaluation(first, name, result)
    waiting = tuple(
        line
        for each in (first, second)
        if each is not None
        for line in each.missing_line(each.layout.root, "so their samples are not judged")
    )
    return Evaluated(result, file, scores_file, tuple(bad), waiting)


def _metrics(asked: Asked, kind: str) -> list[Metric]:
    fitting = [name for name, metric in METRICS.items() if kind in metric.tasks]
    if asked.truth is None:
        if asked.metrics or asked.by or asked.worst:
            raise JobError("--truth: name a carried column, or files of references")
        if asked.against is None:
            raise JobError("evaluate: name references with --truth, or an output with --against")
        return []
    for name in asked.metrics:
        if name not in METRICS:
            raise JobError(f"--metrics: there is no {name!r}: name some of {', '.join(METRICS)}")
        if name not in fitting:
            raise JobError(
                f"--metrics: {name} takes no answers of a task {kind!r}: name some of "
                f"{', '.join(fitting) or 'another task'}"
            )
    if asked.truth_column and _COLUMN.fullmatch(asked.truth):
        raise JobError("--truth-column: is for files of references, and --truth names a column")
    if not asked.metrics:
        raise JobError(f"--metrics: name some of {', '.join(fitting) or 'another task'}")
    return [METRICS[name] for name in dict.fromkeys(asked.metrics)]


def _add_truths(table: SampleTable, asked: Asked, task: str, storage: Storage) -> int:
    pattern = asked.truth or ""
    check_url(pattern)
    names = (asked.truth_column,) if asked.truth_column else (task, "truth")
    columns = TruthColumns("key", names)
    return sum(
        table.add_truths(read_truths(path, columns, storage))
        for path in _files(absolute(pattern), storage)
    )


def _files(pattern: str, storage: Storage) -> list[str]:
    """Return the files that a pattern names; raise JobError if there are none."""
    if not pattern.lower().endswith((PARQUET, LINES)):
        raise JobError(
            f"--truth: {pattern} is neither the name of a column nor of files that end in "
            f"{PARQUET} or {LINES}: correct it"
        )
    if not _WILDCARD.search(pattern):
        return [pattern]
    try:
        matches = glob_matcher(pattern)
    except ValueError as error:
        raise JobError(f"--truth: {pattern}: {error}: write it as a whole name") from None
    entries = storage.list(fixed_folder(pattern))
    found = [entry.path for entry in entries if matches(entry.path)]
    if not found:
        raise JobError(f"--truth: no file matches {pattern}: check the pattern")
    return found


def _answers(
    output: Output, columns: AnswerColumns, on_progress: OnProgress
) -> Iterator[StoredAnswer]:
    total = output.count_files()
    done = 0

    def on_file() -> None:
        nonlocal done
        done += 1
        on_progress("reading", done / total)

    return read_answers(output, columns, on_file)


def _scores(
    metrics: Sequence[Metric], table: SampleTable, on_progress: OnProgress, compared: bool
) -> dict[str, MetricScores]:
    found = {}
    for number, metric in enumerate(metrics):
        on_progress(metric.name, number / len(metrics))
        found[metric.name] = score_samples(metric, table, compared=compared)
    return found


def _worst(
    metric: Metric, scores: Mapping[str, MetricScores], table: SampleTable, number: int
) -> list[WorstSample]:
    places = summarize.worst_samples(metric, scores[metric.name].scores, number)
    if not places:
        return []
    wanted = set(places)
    found = {
        place: sample
        for place, sample in islice(enumerate(table.samples()), max(places) + 1)
        if place in wanted
    }
    return [
        WorstSample(
            found[place].shard,
            found[place].index,
            found[place].key,
            float(scores[metric.name].scores[place]),
            found[place].answer,
            found[place].truth,
        )
        for place in places
    ]


def _reasons(numbers: Mapping[str, int]) -> str:
    told = (f"{name} {number:,}" for name, number in numbers.items() if number)
    return ", ".join(told) or "the output has no kept sample"
