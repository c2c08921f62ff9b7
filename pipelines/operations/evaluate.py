"""`shardmill evaluate`: scores the answers of an output by references, or by another output."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.concurrency.temporary_folder import temporary_folder
from pipelines.config.evaluation import Entailment
from pipelines.evaluation import summarize
from pipelines.evaluation.metrics.all_metrics import ALL_METRICS, CORPUS_METRICS, METRICS
from pipelines.evaluation.metrics.metric import Kind, Metric
from pipelines.evaluation.metrics.non_entailed import NonEntailed
from pipelines.evaluation.published import Checkpoint, checkpoint_of
from pipelines.evaluation.results import EntailmentJudge, Evaluation
from pipelines.evaluation.sample_notes import sample_notes
from pipelines.evaluation.sample_table import SampleTable, StoredAnswer
from pipelines.evaluation.score_samples import MetricScores, score_samples
from pipelines.evaluation.truth_rows import TruthColumns, read_truths
from pipelines.operations.evaluating.entailment_judge import load_entailment
from pipelines.operations.evaluating.evaluate_rows import (
    AnswerColumns,
    check_parts,
    read_answers,
    task_kind,
)
from pipelines.operations.evaluating.evaluation_files import (
    check_name,
    store_evaluation,
    store_scores,
)
from pipelines.operations.evaluating.worst_samples import WorstSample, find_worst
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.output import Output, open_output
from pipelines.planning.check_metrics import (
    check_entailment_is_used,
    check_metric_fits,
    check_model_is_named,
    fitting_metrics,
)
from pipelines.planning.truth_files import find_truth_files, truth_version
from pipelines.storage.paths import absolute
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Entry, Storage
from pipelines.storage.urls import check_url
from schemas.errors import JobError

_COLUMN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

OnProgress = Callable[[str, float], None]  # a step, and the share of it that is done


class Evaluated(NamedTuple):
    """An evaluation, where it is stored, and what a terminal shows besides."""

    result: Evaluation
    file: str
    scores: str | None  # the file of the scores of each sample
    worst: tuple[WorstSample, ...]
    worst_by: str  # the metric by which they are the worst; "" without metrics
    waiting: tuple[str, ...]  # a line for each output that is not complete
    checkpoint: Checkpoint  # that answered


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
    entailment: Entailment | None = None  # the model for `non_entailed`


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
    names = _metrics(asked, kind)
    second = None if asked.against is None else open_output(asked.against, storage)
    if second is not None:
        if second.layout.root == first.layout.root:
            raise JobError("--against: is the same output: name another")
        task_kind(second, task)
    if asked.truth == task:
        raise JobError(f"--truth: {task!r} holds the answers to be judged: name their references")
    name = check_name(asked.name or f"{task}{'-against' * (second is not None)}")
    column = asked.truth if asked.truth and _COLUMN.fullmatch(asked.truth) else None
    by_key = asked.truth is not None and column is None
    files = _truth_files(asked, storage) if by_key else []
    metrics, entailment = _loaded(names, asked.entailment, storage)
    pair = next((each.group for each in metrics if each.group), None)
    with temporary_folder() as folder:
        kinds = list(dict.fromkeys(ALL_METRICS[each].kind for each in names))
        table = SampleTable(folder / "samples", kinds)
        try:
            wrong_keys = _add_truths(table, files, asked, task, storage)
            columns = AnswerColumns(task, column, asked.by, pair)
            table.add_answers(0, _answers(first, columns, kinds, on_progress))
            if second is not None:
                answers = _answers(second, AnswerColumns(task), kinds, on_progress)
                table.add_answers(1, answers)
            on_progress("joining", 0)
            numbers = table.join(by_key=by_key, compared=second is not None)
            if by_key:
                numbers["truth_without_key"] = wrong_keys
            if not numbers["judged"]:
                reasons = "; ".join([_reasons(numbers), *_waiting(first, second)])
                raise JobError(f"evaluate: no sample can be judged: {reasons}")
            if asked.by:
                check_parts(len(table.parts()), asked.by)
            scores = _scores(metrics, table, on_progress, second is not None)
            ranked = [each for each in names if each in CORPUS_METRICS]
            parts = summarize.part_values(metrics, ranked, scores, table) if asked.by else {}
            result = Evaluation(
                output=fingerprint_of(first.record),
                task=task,
                truth=asked.truth,
                truth_version=truth_version(files) if by_key else None,
                against=fingerprint_of(second.record) if second else None,
                samples=numbers,
                values=summarize.all_values(scores) | summarize.corpus_values(ranked, table),
                by=asked.by,
                parts=parts,
                averages=summarize.averages(parts) if asked.by == "language" else {},
                comparisons=summarize.comparisons(scores)
                | (summarize.corpus_comparisons(ranked, table) if second else {}),
                entailment=entailment,
            )
            bad = (
                find_worst(metrics[0], scores, table, asked.worst, hide_redacted=by_key)
                if scores
                else []
            )
            file = store_evaluation(first, name, result)
            scores_file = store_scores(first, name, table.samples(), scores, folder)
        finally:
            table.close()
    checkpoint = checkpoint_of(first.record)
    by = metrics[0].name if metrics else ""
    return Evaluated(result, file, scores_file, tuple(bad), by, _waiting(first, second), checkpoint)


def _metrics(asked: Asked, kind: str) -> list[str]:
    if asked.truth is None:
        if asked.metrics or asked.by or asked.worst:
            raise JobError("--truth: name a carried column, or files of references")
        if asked.against is None:
            raise JobError("evaluate: name references with --truth, or an output with --against")
        return []
    fitting = fitting_metrics(kind)
    if not fitting:
        raise JobError(f"--task: no metric takes answers of a task {kind!r}: name another task")
    for name in asked.metrics:
        check_metric_fits(name, kind, "--metrics")
    if asked.truth_column and _COLUMN.fullmatch(asked.truth):
        raise JobError("--truth-column: is for files of references, and --truth names a column")
    if not asked.metrics:
        raise JobError(f"--metrics: name some of {', '.join(fitting)}")
    if asked.worst and not METRICS.keys() & asked.metrics:
        raise JobError(
            f"--metrics: {asked.metrics[0]} gives samples no scores of their own, which --worst "
            "needs: name another one too, such as box_f1"
        )
    for name in asked.metrics:
        check_model_is_named(name, asked.entailment, "--metrics", "--entailment")
    if asked.entailment is not None:
        check_entailment_is_used(asked.metrics, "--entailment", "--metrics")
    return [*dict.fromkeys(asked.metrics)]


def _loaded(
    names: Sequence[str], asked: Entailment | None, storage: Storage
) -> tuple[list[Metric], EntailmentJudge | None]:
    """Return the metrics that score samples, and how the model is recorded that one of them needs.

    The model is loaded.
    """
    metrics = [METRICS[each] for each in names if each in METRICS]
    if asked is None:
        return metrics, None
    judge, entails = load_entailment(asked, storage, "--entailment: ")
    ready = [each.judged_by(entails) if isinstance(each, NonEntailed) else each for each in metrics]
    return ready, judge


def _truth_files(asked: Asked, storage: Storage) -> list[Entry]:
    pattern = asked.truth or ""
    check_url(pattern)
    return find_truth_files(absolute(pattern), storage)


def _add_truths(
    table: SampleTable, files: Sequence[Entry], asked: Asked, task: str, storage: Storage
) -> int:
    """Add the references of files; return how many keys are no text and no whole number."""
    names = (asked.truth_column,) if asked.truth_column else (task, "truth")
    columns = TruthColumns("key", names)
    return sum(table.add_truths(read_truths(file.path, columns, storage)) for file in files)


def _answers(
    output: Output, columns: AnswerColumns, kinds: Sequence[Kind], on_progress: OnProgress
) -> Iterator[StoredAnswer]:
    total = output.count_files()
    done = 0

    def on_file() -> None:
        nonlocal done
        done += 1
        on_progress("reading", done / total)

    return read_answers(output, columns, kinds, on_file)


def _scores(
    metrics: Sequence[Metric], table: SampleTable, on_progress: OnProgress, compared: bool
) -> dict[str, MetricScores]:
    found = {}
    for number, metric in enumerate(metrics):
        name, before = metric.name, number

        def on_share(share: float, name: str = name, before: int = before) -> None:
            on_progress(name, (before + share) / len(metrics))

        on_share(0)
        found[name] = score_samples(metric, table, compared=compared, on_share=on_share)
    return found


def _waiting(*outputs: Output | None) -> tuple[str, ...]:
    """Return a line for each output that is not complete."""
    return tuple(
        line
        for each in outputs
        if each is not None
        for line in each.missing_line(each.layout.root, "so their samples are not judged")
    )


def _reasons(numbers: Mapping[str, int]) -> str:
    if notes := "; ".join(sample_notes(numbers)):
        return notes
    return "keys of the other output repeat" if numbers["kept"] else "the output has no kept sample"
