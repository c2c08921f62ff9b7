"""Shows the progress of a run to people: a bar in a terminal, else a line a minute."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from pipelines.display.growth import growth_lines
from pipelines.display.minute_lines import MinuteLines
from pipelines.display.table_parts import CHANGED_ADVICE, of_shards, time_left
from pipelines.metrics.run_metrics import RunMetrics
from pipelines.planning.plan import Plan
from schemas.counted import counted
from schemas.report import Progress, Summary, UnitReport
from schemas.sample_status import SAMPLE_STATUSES


class RunProgress:
    """The display of a run: a context whose methods are the callbacks of the run.

    With `quiet`, it shows only warnings and shards that are damaged.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._bar = ProgressBar(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[counts]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=quiet or not console.is_terminal,
        )
        self._task = self._bar.add_task("loading the model", total=None, counts="")
        self._metrics = RunMetrics()
        has_lines = not quiet and not console.is_terminal
        self._lines = MinuteLines(self._print_progress) if has_lines else None
        self._running = ExitStack()

    def on_plan(self, plan: Plan) -> None:
        self._metrics.on_plan(plan)
        for line in plan_warnings(plan):
            self.on_warning(line)
        # At least 1, so that the bar can reach its end when all shards are empty.
        self._bar.update(self._task, total=max(1, self._metrics.bytes_total))
        self._show()

    def on_warning(self, line: str) -> None:
        self._print(line, "yellow")

    def on_progress(self, progress: Progress) -> None:
        self._bar.update(self._task, description="annotating")
        self._metrics.on_progress(progress)
        self._show()

    def on_report(self, report: UnitReport) -> None:
        self._metrics.on_report(report)
        self._show()
        if report.error:
            failed = report.status == "failed"
            line = f"{report.unit}: {'failed' if failed else 'salvaged'}: {report.trouble}"
            self._print(line, "red" if failed else "yellow")
        if self._lines:
            self._lines.on_report()

    def on_summary(self, summary: Summary) -> None:
        """Take what other runs have done beside this one, before the last line is written."""
        self._metrics.on_summary(summary)
        self._show()

    def _print(self, line: str, style: str | None = None) -> None:
        self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)

    def _print_progress(self) -> None:
        self._print(progress_line(self._metrics))

    def _show(self) -> None:
        if self._bar.disable:
            return
        metrics = self._metrics
        done = of_shards(metrics.units_done, metrics.units_total, metrics.shards_total)
        speed = metrics.worker_speed
        rate = f"  {speed:,.1f} a second and worker" if speed else ""
        counts = f"{done}  {counted(metrics.samples_done, 'sample')}{rate}"
        self._bar.update(self._task, completed=metrics.bytes_done, counts=counts)

    def __enter__(self) -> Self:
        self._bar.start()
        if self._lines:
            self._running.enter_context(self._lines)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()
        self._bar.stop()


def plan_warnings(plan: Plan) -> Iterator[str]:
    """Yield a line for each way in which the shards differ from those of earlier runs."""
    if plan.moved:
        yield str(plan.moved)
    yield from growth_lines(plan.growth)
    if plan.changed:
        others = f" and {len(plan.changed) - 1} more" if len(plan.changed) > 1 else ""
        yield f"{plan.changed[0]}{others}: {CHANGED_ADVICE}"


def progress_line(metrics: RunMetrics) -> str:
    """Write in a line how far a run is: shards, samples by status, speed, and hours left."""
    with metrics.lock:
        shards = of_shards(metrics.units_done, metrics.units_total, metrics.shards_total)
        statuses = [
            f"{metrics.samples[status]:,} {status}"
            for status in SAMPLE_STATUSES
            if metrics.samples[status] or status == "kept"
        ]
        samples = counted(metrics.samples_done, "sample")
        if metrics.units_done > metrics.units["committed"] + metrics.units["salvaged"]:
            samples += " in this run"  # the shards are those of earlier and other runs too
        parts = [f"{samples}, {', '.join(statuses)}"]
        if speed := metrics.worker_speed:
            parts.append(
                f"{metrics.images_per_second:,.1f} samples/s, {speed:,.1f} samples a second and "
                "worker"
            )
        if not metrics.outcome and (seconds := metrics.seconds_left):
            parts.append(f"{time_left(seconds)} left")
    return f"{shards}: {'; '.join(parts)}"
