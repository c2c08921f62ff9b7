"""Contenders take turns over the same shards; what each turn cost, and the table of it."""

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

WIDTH = 120  # characters of the tables, which are Markdown


class Contender(NamedTuple):
    """One way to do the work: a module to run with SHARDS, OUTPUT and these arguments."""

    module: str
    arguments: tuple[str, ...] = ()
    package: str = ""  # that it needs

    def command(self, shards: Path, output: Path) -> list[str]:
        module = f"{__package__}.{self.module}"
        return [sys.executable, "-m", module, str(shards), str(output), *self.arguments]

    def cost(self, shards: Path, folder: Path) -> Cost:
        """Of one run over the shards."""
        with tempfile.TemporaryDirectory(dir=folder) as output:
            return measure(self.command(shards, Path(output)))


class Work(NamedTuple):
    """Shards, or one, and as many images as they hold."""

    shards: Path
    images: int


class Measured(NamedTuple):
    """One turn of a contender."""

    per_cpu: float  # images a second of CPU time, without the start
    per_wall: float  # images a second, without the start
    whole: float  # images a second, with the start
    start: float  # seconds of CPU time that the start takes
    memory: float  # MiB resident at the peak


# Of a table: what of Measured a column shows, and with how many digits.
COLUMNS = {
    "images per CPU-second": ("per_cpu", 0),
    "per second": ("per_wall", 0),
    "start, CPU s": ("start", 1),
    "peak MiB": ("memory", 0),
}


def take_turns(
    contenders: Mapping[str, Contender], less: Work, more: Work, turns: int, folder: Path
) -> dict[str, list[Measured]]:
    """By name; forwards and backwards in turn, so that none is always the first."""
    found: dict[str, list[Measured]] = {name: [] for name in contenders}
    order = [
        name
        for turn in range(turns)
        for name in (contenders if turn % 2 == 0 else reversed(list(contenders)))
    ]
    for name in track(order, "measuring", console=Console(stderr=True), transient=True):
        costs = [contenders[name].cost(work.shards, folder) for work in (less, more)]
        found[name].append(_difference((less, more), costs))
    return found


def _difference(works: Sequence[Work], costs: Sequence[Cost]) -> Measured:
    """What the additional images cost, so that starting up is left out."""
    (less, more), (low, high) = works, costs
    images = more.images - less.images
    cpu, wall = high.cpu - low.cpu, high.wall - low.wall
    start = high.cpu - cpu * more.images / images
    whole = more.images / high.wall
    return Measured(images / cpu, images / wall, whole, start, high.memory / 2**20)


def installed(contenders: Mapping[str, Contender], console: Console) -> dict[str, Contender]:
    """Those whose package is there; the others are named with the command that installs them."""
    missing = {
        each.package for each in contenders.values() if each.package and not find_spec(each.package)
    }
    if missing:
        console.print(
            f"left out for want of {', '.join(sorted(missing))}: "
            "pip install --constraint constraints.txt --editable '.[rivals]'",
            markup=False,
        )
    return {name: each for name, each in contenders.items() if each.package not in missing}


def cost_table(
    found: Mapping[str, Sequence[Measured]], columns: Mapping[str, tuple[str, int]] = COLUMNS
) -> Table:
    table = Table("", *columns, box=box.MARKDOWN)
    for name, turns in found.items():
        cells = [
            _spread([getattr(turn, what) for turn in turns], digits)
            for what, digits in columns.values()
        ]
        table.add_row(name, *cells)
    return table


def _spread(values: Sequence[float], digits: int) -> str:
    """As `spread`; a lone value has no extremes."""
    return f"{values[0]:.{digits}f}" if len(values) == 1 else spread(values, digits)
