"""Tells a run to programs: its callbacks write events to a log in JSON."""

from contextlib import ExitStack
from typing import Any, Self

from pipelines.display.minute_lines import MinuteLines
from pipelines.display.progress import plan_warnings, progress_line
from pipelines.logs.log import log
from pipelines.metrics.run_metrics import RunMetrics, unit_result
from pipelines.planning.plan import Plan
from schemas.counted import counted
from schemas.report import Counts, Progress, Summary, UnitReport


class RunLog:
    """The log of a run: a context whose methods are the callbacks of the run."""

    def __init__(self) -> None:
        self._metrics = RunMetrics()
        self._lines = MinuteLines(self._log_progress)
        self._running = ExitStack()

    def on_plan(self, plan: Plan) -> None:
        metrics = self._metrics
        metrics.on_plan(plan)
        log(
            "run_started",
            f"{metrics.units_done:,} of {counted(metrics.units_total, 'unit')} done",
            job=metrics.job,
            units_done=metrics.units_done,
            units_total=metrics.units_total,
            units_to_do=len(plan.pending),
        )
        for line in plan_warnings(plan):
            self.on_warning(line)

    def on_warning(self, line: str) -> None:
        log("warning", line)

    def on_progress(self, progress: Progress) -> None:
        self._metrics.on_progress(progress)

    def on_report(self, report: UnitReport) -> None:
        self._metrics.on_report(report)
        log_report(report)
        self._lines.on_report()

    def on_summary(self, summary: Summary) -> None:
        """Take what other runs have done beside this one, before the last line is written."""
        self._metrics.on_summary(summary)

    def _log_progress(self) -> None:
        metrics = self._metrics
        with metrics.lock:
            left = None if metrics.outcome else metrics.seconds_left
            log(
                "progress",
                progress_line(metrics),
                units_done=metrics.units_done,
                units_total=metrics.units_total,
                counts=statuses(metrics.counts),
                images_per_second=round(metrics.images_per_second, 3),
                hours_left=None if left is None else round(left / 3600, 3),
            )

    def __enter__(self) -> Self:
        self._running.enter_context(self._lines)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()


def statuses(counts: Counts) -> dict[str, int]:
    """Return the samples that were read, and those of each status."""
    return {"read": counts.read, **{str(s): number for s, number in counts.by_status().items()}}


def log_report(report: UnitReport) -> None:
    """Log what became of a unit."""
    result = unit_result(report)
    values: dict[str, Any] = {
        "unit": report.unit,
        "attempt": report.attempt,
        "seconds": report.seconds,
    }
    if result != "failed":
        values["counts"] = statuses(report.counts)
    if result == "committed":
        message = (
            f"{report.unit}: {counted(report.counts.read, 'sample')}, {report.counts.kept:,} kept"
        )
    else:
        values |= {"reason": report.error, "offset": report.offset}
        message = f"{report.unit}: {result}: {report.trouble}"
    log(f"unit_{result}", message, **values)


def log_summary(summary: Summary) -> None:
    """Log the end of a run."""
    units = counted(summary.units_total, "unit")
    log(
        "run_ended",
        f"{summary.outcome}: {summary.units_committed:,} of {units} committed",
        level="info" if summary.outcome in ("complete", "partial") else "error",
        job=summary.job,
        outcome=summary.outcome,
        units_done=summary.units_committed,
        units_total=summary.units_total,
        units_here=summary.units_here,
        seconds=summary.seconds_here,
        counts=statuses(summary.counts_here),
    )
