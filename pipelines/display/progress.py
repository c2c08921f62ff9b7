"""Shows the progress of a run: a bar in a terminal, else a line for each finished unit."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from pipelines.display.growth import growth_lines
from pipelines.display.tables import CHANGED_ADVICE, of_shards
from pipelines.planning.plan import Plan
from schemas.report import Progress, UnitReport, worker_speed
from schemas.units import count_shards, sum_sizes


class RunProgress:
    """The display of a run: a context whose methods are the callbacks of the run."""

    def __init__(self, console: Console) -> None:
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
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("loading the model", total=None, counts="")
        self._plan: Plan | None = None
        self._all_units = 0  # of the job
        self._bytes = 0  # of finished units
        self._running: dict[str, Progress] = {}  # by unit
        self._units = 0
        self._shards = 0  # of the job
        self._seconds = 0.0  # that workers spent on the units finished in this run
        self._samples = 0  # of units finished in this run

    def on_plan(self, plan: Plan) -> None:
        self._plan = plan
        self._all_units = len(plan.units)
        self._shards = count_shards(plan.units)
        self._units = len(plan.units) - len(plan.pending)
        total = sum_sizes(plan.units)
        self._bytes = total - sum_sizes(plan.pending)
        if plan.moved:
            self.on_warning(str(plan.moved))
        for line in growth_lines(plan.growth):
            self.on_warning(line)
        if plan.changed:
            others = f" and {len(plan.changed) - 1} more" if len(plan.changed) > 1 else ""
            self.on_warning(f"{plan.changed[0]}{others}: {CHANGED_ADVICE}")
        # At least 1, so that the bar can reach its end when all shards are empty.
        self._bar.update(self._task, total=max(1, total))
        self._show()

    def on_warning(self, line: str) -> None:
        self._console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)

    def on_progress(self, progress: Progress) -> None:
        self._bar.update(self._task, description="annotating")
        self._running[progress.unit] = progress
        self._show()

    def on_report(self, report: UnitReport) -> None:
        self._running.pop(report.unit, None)
        self._units += 1
        unit = self._plan.units.find(report.unit) if self._plan else None
        self._bytes += unit.size if unit else 0
        self._samples += report.counts.read
        self._seconds += report.seconds
        self._show()
        if report.error:
            failed = report.status == "failed"
            line = f"{report.unit}: {'failed' if failed else 'salvaged'}: {report.trouble}"
            style = "red" if failed else "yellow"
            self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
        elif not self._console.is_terminal:
            speed = worker_speed(self._samples, self._seconds)
            self._console.print(
                f"{report.unit}: {report.counts.read} samples, {report.counts.kept} kept; "
                f"{of_shards(self._units, self._all_units, self._shards)}, "
                f"{speed:.1f} samples a second and worker",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )

    def _show(self) -> None:
        position = self._bytes + sum(running.bytes_read for running in self._running.values())
        samples = self._samples + sum(running.samples for running in self._running.values())
        done = of_shards(self._units, self._all_units, self._shards)
        speed = worker_speed(self._samples, self._seconds)
        rate = f"  {speed:.1f} a second and worker" if speed else ""
        counts = f"{done}  {samples} samples{rate}"
        self._bar.update(self._task, completed=position, counts=counts)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
