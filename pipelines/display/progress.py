"""How a run is going: bars that move within a shard, or a line per unit where nobody watches."""

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pipelines.planning.plan import Plan
from schemas import report
from schemas.report import UnitReport


class RunProgress:
    """Follows a run; to be used as a context, its methods as the run's callbacks."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[told]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("loading the model", total=None, told="")
        self._sizes: dict[str, int] = {}  # unit -> bytes
        self._bytes = 0  # of units done
        self._in_work: dict[str, report.Progress] = {}  # by unit, however many workers there are
        self._units = 0
        self._samples = 0  # of units done in this run

    def on_plan(self, plan: Plan) -> None:
        self._sizes = {unit.name: unit.size for unit in plan.units}
        self._units = len(plan.units) - len(plan.pending)
        self._bytes = sum(self._sizes.values()) - sum(unit.size for unit in plan.pending)
        if plan.left_out:
            self.on_warning(
                f"{plan.left_out} shards are new since the first run and left out: "
                "annotate them into another output"
            )
        # Empty shards count too, so that the bar can end.
        self._bar.update(self._task, total=max(1, sum(self._sizes.values())))
        self._show()

    def on_warning(self, line: str) -> None:
        self._console.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)

    def on_progress(self, progress: report.Progress) -> None:
        self._bar.update(self._task, description="annotating")
        self._in_work[progress.unit] = progress
        self._show()

    def on_report(self, done: UnitReport) -> None:
        self._in_work.pop(done.unit, None)
        self._units += 1
        self._bytes += self._sizes[done.unit]
        self._samples += done.counts.read
        self._show()
        if done.error:
            failed = done.status == "failed"
            line = f"{done.unit}: {'failed' if failed else 'salvaged'}: {done.trouble}"
            style = "red" if failed else "yellow"
            self._console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
        elif not self._console.is_terminal:
            rate = done.counts.read / max(done.seconds, 1e-9)
            self._console.print(
                f"{done.unit}: {done.counts.read} samples, {done.counts.kept} kept, "
                f"{rate:.1f} samples/s, {self._units} of {len(self._sizes)} units",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )

    def _show(self) -> None:
        position = self._bytes + sum(each.bytes_read for each in self._in_work.values())
        samples = self._samples + sum(each.samples for each in self._in_work.values())
        told = f"{self._units}/{len(self._sizes)} units  {samples} samples"
        self._bar.update(self._task, completed=position, told=told)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
