"""Measure contenders in turn over the same shards, and tabulate the cost."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.pipeline.pass_over_shards.cost import Cost, measure
from benchmarks.turns import spread

WIDTH = 120  # characters of the Markdown tables


class Contender(NamedTuple):
    """A way to do the work: a module that is run with SHARDS, OUTPUT and these arguments."""

    module: str
    arguments: tuple[str, ...] = ()
    package: str = ""  # the optional package that the module needs

    def command(self, shards: Path, output: Path) -> list[str]:
        module = f"{__package__}.{self.module}"
        return [sys.executable, "-m", module, str(shards), str(output), *self.arguments]

    def cost(self, shards: Path, folder: Path) -> Cost:
        """Measure one run over the shards."""
        with tempfile.TemporaryDirectory(dir=folder) as output:
            return measure(self.command(shards, Path(output)))


class Work(NamedTuple):
    """A shard or a folder of shards, and their number of images."""

    shards: Path
    images: int


class Measured(NamedTuple):
    """The figures of one turn of a contender."""

    per_cpu: float  # images a second of CPU time, without the start
    per_wall: float  # images a second, without the start
    whole: float  # images a second, with the start
    start: float  # seconds of CPU time that the start takes
    memory: float  # MiB resident at the peak


# Column of the table -> the field of Measured that it shows, and its number of digits.
COLUMNS = {
    "images per CPU-second": ("per_cpu", 0),
    "per second": ("per_wall", 0),
    "start, CPU s": ("start", 1),
    "peak MiB": ("memory", 0),
}


def take_turns(
    contenders: Mapping[str, Contender], less: Work, more: Work, turns: int, folder: Path
) -> dict[str, list[Measured]]:
    """Measure each contender; reverse the order every second turn, so that none is always first."""
    measured: dict[str, list[Measured]] = {name: [] for name in contenders}
    order = [
        name
        for turn in range(turns)
        for name in (contenders if turn % 2 == 0 else reversed(list(contenders)))
    ]
    for name in track(order, "measuring", console=Console(stderr=True), transient=True):
        costs = [contenders[name].cost(work.shards, folder) for work in (less, more)]
        measured[name].append(_difference((less, more), costs))
    return measured


def _difference(works: Sequence[Work], costs: Sequence[Cost]) -> Measured:
    """Compute rates from the cost of the additional images, which excludes the start."""
    (less, more), (low, high) = works, costs
    images = more.images - less.images
    cpu, wall = high.cpu - low.cpu, high.wall - low.wall
    start = high.cpu - cpu * more.images / images
    whole = more.images / high.wall
    return Measured(images / cpu, images / wall, whole, start, high.memory / 2**20)


def installed(contenders: Mapping[str, Contender], console: Console) -> dict[str, Contender]:
    """Return contenders whose package is installed; print how to install the other packages."""
    packages = {contender.package for contender in contenders.values()} - {""}
    missing = {package for package in packages if not find_spec(package)}
    if missing:
        console.print(
            f"left out for want of {', '.join(sorted(missing))}: "
            "pip install --constraint constraints.txt --editable '.[rivals]'",
            markup=False,
        )
    return {name: entry for name, entry in contenders.items() if entry.package not in missing}


def cost_table(
    measured: Mapping[str, Sequence[Measured]], columns: Mapping[str, tuple[str, int]] = COLUMNS
) -> Table:
    table = Table("", *columns, box=box.MARKDOWN)
    for name, turns in measured.items():
        cells = [
            _spread([getattr(turn, figure) for turn in turns], digits)
            for figure, digits in columns.values()
        ]
        table.add_row(name, *cells)
    return table


def _spread(values: Sequence[float], digits: int) -> str:
    """Format like `spread`; a single value has no extremes."""
    return f"{values[0]:.{digits}f}" if len(values) == 1 else spread(values, digits)
