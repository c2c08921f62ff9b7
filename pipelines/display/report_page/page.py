"""Writes the page of a report: one HTML file with its style, charts and pictures inside.

`page.html` and `page.css` are its parts. Every text from the data is escaped by the template.
"""

from collections.abc import Iterable
from pathlib import Path

from pipelines.display.report_page import costs, evaluations, views
from pipelines.display.report_page.charts import bar
from pipelines.display.report_page.job_text import job_text
from pipelines.display.report_page.numbers import duration, percent
from pipelines.display.report_page.samples import ShownSample
from pipelines.display.report_page.words import (
    notes,
    runs_line,
    samples_line,
    state_line,
    unreadable_line,
)
from pipelines.pages import load_template, page_file, read_part
from pipelines.report.report import Report


def write_report_page(
    path: Path, report: Report, samples: Iterable[ShownSample], seed: int
) -> None:
    """Write the page, which appears whole or not at all; the same values give the same bytes.

    `samples` were drawn from the kept rows by the seed.
    """
    shown = list(samples)
    template = load_template(__package__, "page.html", style=read_part(__package__, "page.css"))
    counts = report.counts
    values = {
        "title": f"{report.job}: report",
        "report": report,
        "state": state_line(report),
        "notes": notes(report),
        "statuses": views.statuses(counts),
        "funnel": views.funnel(counts),
        "reasons": views.reasons(counts),
        "failed_line": views.failed_line(report),
        "redactions": views.shares(counts.redactions, "plain"),
        "withheld": views.shares(counts.answers, "quarantined"),
        "languages": views.languages(counts),
        "scores": views.scores(report),
        "more_scores": views.more_scores(report),
        "answers": views.answers(report),
        "evaluations": evaluations.evaluations(report),
        "safety": evaluations.safety(report),
        "samples": shown,
        "samples_line": samples_line(report, shown, seed),
        "stages": views.stages(report.runs),
        "storage": views.storage(report.runs),
        "costs": costs.costs(report.runs),
        "busy": costs.busy(report.runs),
        "runs_line": runs_line(report.runs),
        "unreadable_line": unreadable_line(report.runs),
        "runs_caption": views.runs_caption(report.runs),
        "versions": views.versions(report),
        "job": job_text(report.resolved_job),
        "bar": bar,
        "percent": percent,
        "duration": duration,
    }
    values["sections"] = views.sections(report, values)
    with page_file(path) as page:
        page.write(template.render(values))
