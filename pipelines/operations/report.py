"""`shardmill report`: adds up an output for a page that people read.

Rows are read by column. What is not kept gives numbers alone: its rows have no content.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from filters import Filter
from pipelines.evaluation.stored_evaluations import read_evaluations
from pipelines.operations.price import HourlyPrice
from pipelines.operations.reporting.mending import how_to_mend
from pipelines.operations.reporting.report_rows import read_report_rows
from pipelines.operations.reporting.report_runs import report_runs
from pipelines.operations.status import recent_changes
from pipelines.operations.stored_samples.recorded_job import NOT_OF_JOB, recorded_input
from pipelines.operations.stored_samples.row_images import RowImage, StoredRow, read_row_images
from pipelines.output.contents import OutputContents, read_contents
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.output import Output, open_output
from pipelines.output.recorded_storage import recorded_storage
from pipelines.planning.filters_from import filters_that_ran
from pipelines.report.bins import Distribution, Numbers, choose_edges
from pipelines.report.report import (
    AnswersReport,
    Bins,
    FailedUnit,
    Report,
    ScoreLimit,
    ScoreReport,
)
from pipelines.report.row_tally import OF_LANGUAGES, AnswerTally, RowTally, TallySource
from pipelines.report.score_values import ScoreValues
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.report import UnitReport
from schemas.tables import info_name
from schemas.units import count_shards

_MAX_FAILURES = 50  # reports of failed units that are read
_MAX_STRANGERS = 20
_INFO = info_name("")
_WITHHELD = ("redacted", "dropped", "quarantined")  # statuses of answers
_MAX_LABELS = 20  # labels of a task that are named

# Takes the number of files; gives the function that counts those that are read.
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]


class GatheredReport(NamedTuple):
    """The numbers of a report, and rows of kept samples for its pictures."""

    report: Report
    output: Output
    rows: list[StoredRow]


def gather_report(
    output: str,
    storage: Storage | None = None,
    *,
    samples: int,
    seed: int,
    progress: Progress,
    price: HourlyPrice | None = None,
) -> GatheredReport:
    """Add up an output, and draw `samples` of its kept rows by the seed.

    The same output gives the same report. With the `price` of a worker for an hour, it has that of
    the runs. Raises JobError if the folder is no output, or if a file is damaged.
    """
    opened = open_output(output, storage)
    contents = read_contents(opened)
    record, tasks = opened.record, opened.record.get("tasks") or {}
    filters = filters_that_ran(record)
    languages = [name for name, stage in filters.items() if stage and stage.kind == "language"]
    source = TallySource({name: str(task["kind"]) for name, task in tasks.items()}, languages)
    strangers = frozenset(contents.strangers)
    with progress(opened.count_files()) as count:
        rows = read_report_rows(
            opened,
            source,
            samples=samples,
            seed=seed,
            strangers=strangers,
            on_file=lambda: count(1),
        )
    scores = _scores(rows.tally, filters, tasks)
    evaluations = read_evaluations(opened)
    failed = sorted(unit for unit in opened.listing.failed if not contents.is_complete(unit))
    report = Report(
        job=str(record["name"]),
        output=str(record["output"]),
        fingerprint=fingerprint_of(record),
        complete=_is_complete(opened, contents),
        shards=count_shards(opened.units),
        units=len(opened.units),
        committed=contents.num_complete,
        in_parts=int(((opened.listing.parts > 0) & ~opened.listing.complete).sum()),
        begun=sum(
            not contents.is_complete(unit)
            for unit in opened.listing.attempts.keys() - opened.listing.failed
        ),
        strangers=contents.strangers[:_MAX_STRANGERS],
        counts=contents.counts,
        scores=scores,
        has_more_scores=rows.tally.has_more_scores,
        without_limits=tuple(name for name, stage in filters.items() if stage is None),
        answers=tuple(
            _answers(name, tasks[name], tally) for name, tally in rows.tally.answers.items()
        ),
        changes=recent_changes(opened),
        evaluations=evaluations.answers,
        safety=evaluations.safety,
        damaged_evaluations=evaluations.damaged,
        runs=report_runs(opened, price),
        failed=len(failed),
        failures=tuple(_failed_unit(opened, unit) for unit in failed[:_MAX_FAILURES]),
        images_judged=bool(record["resolved"].get("images_judged")),
        versions=_versions(record["resolved"]),
        resolved_job={key: value for key, value in record.items() if key not in NOT_OF_JOB},
    )
    return GatheredReport(report, opened, rows.drawn)


def read_sample_images(gathered: GatheredReport) -> Iterator[RowImage]:
    """Yield the drawn rows with their images, in any order; one image is in memory at a time.

    An image is not shown if an answer about it was redacted or withheld: what a filter took out of
    the answer, the model may have read in the image.
    """
    output = gathered.output
    shown = [row for row in gathered.rows if not _is_withheld(row)]
    for row in gathered.rows:
        if _is_withheld(row):
            yield RowImage(row, None, "a filter redacted or withheld an answer about the image")
    try:
        input_config = recorded_input(output)
    except JobError:
        why = "another version of shardmill wrote the output"
        yield from (RowImage(row, None, why) for row in shown)
        return
    yield from read_row_images(shown, output.units, input_config, recorded_storage(output))


def _is_withheld(row: StoredRow) -> bool:
    infos = (value for name, value in row.items() if name.endswith(_INFO))
    return any(isinstance(info, Mapping) and info.get("status") in _WITHHELD for info in infos)


def _is_complete(output: Output, contents: OutputContents) -> bool:
    is_whole = contents.num_complete == len(output.units) and not contents.strangers
    return output.listing.has_success_file and is_whole


def _scores(
    tally: RowTally, filters: Mapping[str, Filter | None], tasks: Mapping[str, Any]
) -> tuple[ScoreReport, ...]:
    """Return the scores, first those with a threshold, each group in the order of the filters."""
    order = {name: number for number, name in enumerate(filters)}
    found = [
        _score(name, values, filters.get(name.partition(".")[0]), tasks)
        for name, values in tally.scores.items()
        if values.kept.histogram().number or values.others.histogram().number
    ]
    by_filter = {each.name: order.get(each.name.partition(".")[0], len(order)) for each in found}
    return tuple(sorted(found, key=lambda each: (not each.limits, by_filter[each.name], each.name)))


def _score(
    name: str, values: ScoreValues, stage: Filter | None, tasks: Mapping[str, Any]
) -> ScoreReport:
    limits = _limits(name, stage, tasks)
    kept, others = map(Distribution.of_scores, (values.kept.histogram(), values.others.histogram()))
    edges = choose_edges([kept, others], [limit.value for limit in limits])
    return ScoreReport(
        name=name,
        limits=limits,
        stores_zeros=stage is None or stage.stores_zeros,
        kept=_bins(kept, edges),
        others=_bins(others, edges),
    )


def _limits(name: str, stage: Filter | None, tasks: Mapping[str, Any]) -> tuple[ScoreLimit, ...]:
    """Return the thresholds of a score; scores of answers are named after their task too."""
    if stage is None:
        return ()
    score = name.partition(".")[2]
    task, _, of_answer = score.partition(".")
    if stage.kind == "language" and score == OF_LANGUAGES:
        return ()
    limits = stage.limits(of_answer if of_answer and task in tasks else score)
    return tuple(ScoreLimit(**{**limit._asdict(), "value": float(limit.value)}) for limit in limits)


def _bins(numbers: Distribution, edges: Numbers) -> Bins:
    is_filled = numbers.number > 0
    return Bins(
        edges=tuple(edges.tolist()),
        numbers=tuple(numbers.in_bins(edges)),
        lowest=float(numbers.values[0]) if is_filled else None,
        median=numbers.quantile(0.5) if is_filled else None,
        highest=float(numbers.values[-1]) if is_filled else None,
    )


def _answers(name: str, task: Mapping[str, Any], tally: AnswerTally) -> AnswersReport:
    def bins(numbers: Mapping[int, int]) -> Bins | None:
        if not numbers:
            return None
        counted = Distribution.of_numbers(numbers)
        return _bins(counted, choose_edges([counted]))

    labels = sorted(tally.labels.items(), key=lambda each: (-each[1], each[0]))
    return AnswersReport(
        task=name,
        kind=str(task["kind"]),
        language=str(task.get("language") or ""),
        statuses=dict(sorted(tally.statuses.items())),
        finish_reasons=dict(sorted(tally.finish_reasons.items())),
        tokens=bins(tally.tokens),
        objects=bins(tally.objects),
        labels=dict(labels[:_MAX_LABELS]),
        other_labels=sum(number for _, number in labels[_MAX_LABELS:]) + tally.other_labels,
    )


def _failed_unit(output: Output, unit: str) -> FailedUnit:
    report = UnitReport.model_validate_json(output.storage.read_bytes(output.layout.failed(unit)))
    return FailedUnit(
        unit=unit,
        reason=report.error,
        offset=report.offset,
        attempts=report.attempt,
        advice=how_to_mend(report.error),
    )


def _versions(resolved: Mapping[str, Any]) -> dict[str, str]:
    """Return the versions of models, filters, files and packages, by what they are of."""
    found: dict[str, str] = {}
    if checkpoint := resolved.get("checkpoint"):
        found["checkpoint"] = f"{checkpoint['source']}, {checkpoint['version']}"
        if adapter := checkpoint.get("adapter"):
            found["adapter"] = f"{adapter['source']}, {adapter['version']}"
    for name, model in (resolved.get("models") or {}).items():
        found[f"model {name}"] = f"{model['source']}, {model['version']}"
    for name, rules in (resolved.get("rules") or {}).items():
        found[f"rules of {name}"] = str(rules)
    for path, digest in (resolved.get("files") or {}).items():
        found[f"file {path}"] = f"sha256:{digest}"
    for package, version in (resolved.get("packages") or {}).items():
        found[package] = str(version)
    if device := resolved.get("device"):
        found["device"] = str(device)
    return found
