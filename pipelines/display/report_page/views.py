"""Arranges the numbers of a report as the rows of tables, as the template shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipelines.display.report_page.charts import histogram
from pipelines.display.report_page.numbers import duration, written
from pipelines.display.report_page.words import STAGES, bins_words, score_words
from pipelines.display.row_fields import MAX_NAME
from pipelines.display.table_parts import written_size
from pipelines.display.terminal_safe import plain
from pipelines.report.report import AnswersReport, Bins, Report, RunsReport, ScoreReport
from schemas.counted import counted
from schemas.report import Counts, FilterCounts
from schemas.sample_status import SAMPLE_STATUSES

_MAX_REASONS = 100
_MAX_LANGUAGES = 40
_MAX_SCORES = 60  # charts
_MIN_SECONDS = 0.05  # shorter stages are not shown
_ANSWER_COLORS = {
    "ok": "kept",
    "partial": "quarantined",
    "redacted": "plain",
    "dropped": "dropped",
    "quarantined": "quarantined",
    "skipped": "invalid",
}
_SECTIONS = {
    "overview": "Samples",
    "failed": "Shards that failed",
    "filters": "Filters",
    "redactions": "Redactions",
    "languages": "Languages",
    "scores": "Scores",
    "answers": "Answers",
    "evaluations": "Evaluations",
    "samples": "Kept samples",
    "runs": "Runs and time",
    "job": "Job and versions",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A row of a table of shares."""

    name: str
    number: int
    whole: int
    color: str


def statuses(counts: Counts) -> list[Share]:
    return [Share(name, n, counts.read, name) for name, n in counts.by_status().items()]


def reasons(counts: Counts) -> list[Share]:
    """Return the reasons for which samples were not kept, the most frequent one first."""
    rejected = counts.read - counts.kept
    found = sorted(counts.reasons.items(), key=lambda each: (-each[1], each[0]))
    rows = [
        Share(_name(name), number, rejected, "invalid" if name.startswith("invalid/") else "plain")
        for name, number in found[:_MAX_REASONS]
    ]
    rest = sum(number for _, number in found[_MAX_REASONS:])
    return rows + ([Share("all others", rest, rejected, "plain")] if rest else [])


def shares(numbers: Mapping[str, int], color: str) -> list[Share]:
    total = sum(numbers.values())
    found = sorted(numbers.items(), key=lambda each: (-each[1], each[0]))
    return [Share(_name(name), number, total, color) for name, number in found[:_MAX_REASONS]]


def funnel(counts: Counts) -> list[dict[str, Any]]:
    """Return the steps from the samples that were read to those that are kept."""
    if not counts.filters:
        return []
    whole = counts.read or 1
    first = {"name": "read", "seen": counts.read, "numbers": [None] * 4}
    last = {"name": "kept", "seen": counts.kept, "numbers": [None] * 4}
    return [
        {**first, "parts": [("plain", counts.read / whole)]},
        *(_step(each, whole) for each in counts.filters),
        {**last, "parts": [("kept", counts.kept / whole)]},
    ]


def _step(counts: FilterCounts, whole: int) -> dict[str, Any]:
    gone = (counts.dropped, counts.quarantined, counts.invalid_after)
    left = max(counts.seen - sum(gone), 0)
    parts = zip(("plain", "dropped", "quarantined", "invalid"), (left, *gone), strict=True)
    return {
        "name": _name(counts.name),
        "seen": counts.seen,
        "parts": [(name, number / whole) for name, number in parts],
        "numbers": [counts.dropped, counts.quarantined, counts.redacted, counts.invalid_after],
    }


def languages(counts: Counts) -> list[dict[str, Any]]:
    """Return the languages of source texts, the most frequent one first."""
    by_language: dict[str, dict[str, int]] = {}
    for name, number in counts.languages.items():
        language, _, status = name.rpartition("/")
        by_language.setdefault(language, {})[status] = number
    found = sorted(by_language.items(), key=lambda each: (-sum(each[1].values()), each[0]))
    whole = max((sum(each.values()) for each in by_language.values()), default=1)
    return [
        {
            "name": language,
            "number": sum(numbers.values()),
            "kept": numbers.get("kept", 0),
            "parts": [(status, numbers.get(status, 0) / whole) for status in SAMPLE_STATUSES],
        }
        for language, numbers in found[:_MAX_LANGUAGES]
    ]


def scores(report: Report) -> list[dict[str, Any]]:
    return [_score(each) for each in report.scores[:_MAX_SCORES]]


def _score(score: ScoreReport) -> dict[str, Any]:
    pairs = zip(score.kept.edges, score.kept.numbers, score.others.numbers, strict=False)
    return {
        "name": plain(score.name, 2 * MAX_NAME),
        "words": score_words(score),
        "chart": histogram(score.kept, score.others, score.limits),
        "rows": [
            [written(edge), f"{kept:,}", f"{others:,}"]
            for edge, kept, others in pairs
            if kept or others
        ],
    }


def more_scores(report: Report) -> str:
    """Say which scores and thresholds are not shown; empty if all are."""
    lines = []
    if (left := len(report.scores) - _MAX_SCORES) > 0:
        lines.append(f"{counted(left, 'more score')}: `shardmill report --json` prints them.")
    if report.has_more_scores:
        lines.append("Rows have further scores, which are not counted: their names are too many.")
    if report.without_limits:
        names = ", ".join(map(_name, report.without_limits))
        lines.append(f"The thresholds of filters of your own are not known: {names}.")
    return " ".join(lines)


def answers(report: Report) -> list[dict[str, Any]]:
    return [_task(number, each) for number, each in enumerate(report.answers, 1)]


def _task(number: int, task: AnswersReport) -> dict[str, Any]:
    total = sum(task.statuses.values())
    rows = [
        Share(name, count, total, _ANSWER_COLORS.get(name, "plain"))
        for name, count in task.statuses.items()
    ]
    if cut := task.finish_reasons.get("length"):
        rows.append(Share("of these, cut at max_new_tokens", cut, total, "quarantined"))
    charts = [
        _chart(task.task, what, bins)
        for what, bins in (("tokens", task.tokens), ("objects", task.objects))
        if bins is not None
    ]
    labels = dict(task.labels)
    objects = sum(labels.values()) + task.other_labels
    label_rows = [Share(_name(name), count, objects, "plain") for name, count in labels.items()]
    if task.other_labels:
        label_rows.append(Share("all others", task.other_labels, objects, "plain"))
    return {
        "number": number,
        "name": _name(task.task),
        "kind": _name(f"{task.kind} {task.language}".strip()),
        "statuses": rows,
        "charts": charts,
        "labels": label_rows,
    }


def _chart(task: str, what: str, bins: Bins) -> dict[str, Any]:
    pairs = zip(bins.edges, bins.numbers, strict=False)
    chart: Markup = histogram(bins)
    return {
        "words": bins_words(what.capitalize(), bins),
        "chart": chart,
        "summary": f"Numbers of {what} of {_name(task)}",
        "caption": f"Answers of {_name(task)} by their {what}",
        "rows": [[written(edge), f"{number:,}"] for edge, number in pairs if number],
    }


def stages(runs: RunsReport) -> list[dict[str, Any]]:
    """Return the stages in the order of the pass, but those that took no time."""
    shown = {n: each for n, each in runs.stages.items() if each.seconds >= _MIN_SECONDS}
    longest = max((each.seconds for each in shown.values()), default=1.0)
    return [
        {
            "name": _name(name),
            "words": STAGES.get(name, ""),
            "number": each.items,
            "time": duration(each.seconds),
            "share": each.seconds / longest,
        }
        for name, each in shown.items()
    ]


def storage(runs: RunsReport) -> list[list[str]]:
    if runs.storage is None:
        return []
    values = runs.storage.model_dump()
    return [[name.replace("_", " "), _amount(name, value)] for name, value in values.items()]


def _amount(name: str, value: float) -> str:
    if name.startswith("bytes"):
        return written_size(int(value))
    return duration(value) if name.startswith("seconds") else f"{value:,}"


def runs_caption(runs: RunsReport) -> str:
    shown = len(runs.last)
    return "Runs" if shown == runs.number else f"The last {shown} of {runs.number:,} runs"


def failed_line(report: Report) -> str:
    shown = len(report.failures)
    line = f"{counted(report.failed, 'shard')} failed and not committed since."
    return line if shown == report.failed else f"{line} The first {shown} are listed."


def versions(report: Report) -> list[list[str]]:
    return [[name, version] for name, version in report.versions.items()]


def sections(report: Report, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return anchor and heading of each section that the page has."""
    has_redactions = report.counts.redactions or report.counts.answers
    missing = {
        "failed": not report.failed,
        "filters": not (values["funnel"] or values["reasons"]),
        "redactions": not has_redactions,
        "languages": not values["languages"],
        "scores": not values["scores"],
        "answers": not values["answers"],
        "evaluations": not (report.evaluations or report.safety or report.damaged_evaluations),
    }
    return [(anchor, heading) for anchor, heading in _SECTIONS.items() if not missing.get(anchor)]


def _name(text: str) -> str:
    return plain(text, 2 * MAX_NAME)
