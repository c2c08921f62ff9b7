"""What everything but the model costs, beside a bare loop and beside Ray Data, Daft and DataTrove.

    python -m benchmarks.pass [--samples 1000] [--large 10000] [--repeat 3] [--no-rivals]

Each contender reads the same shard of made-up photographs (640x480, JPEG), filters by size and
words, decodes, resizes to 224 and writes text, size, digest and a model's instant answer as
Parquet, in a process of its own. Rates are of the difference between a shard of `--samples` and one
of a tenth, so that starting up is left out; they are per second of CPU time, user and system, of
all the contender's processes. The contenders take turns, forwards and backwards; tables show the
median and the extremes. `--large` is the shard that the pass's memory is measured with.

The rivals are optional, the extra `rivals` of pyproject.toml: those that are missing are named with
the command that installs them. Nothing is asserted.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.pass_over_shards.cost import Cost, measure
from benchmarks.pass_over_shards.photographs import DISTINCT, photographs, write_shard

_HERE = "benchmarks.pass_over_shards"
_WIDTH = 120  # characters of the tables, which are Markdown
_SMALLER = 10  # times: the shard whose cost is taken off


class Contender(NamedTuple):
    """One way to do the work: a module to run with SHARD, OUTPUT and these arguments."""

    module: str
    arguments: tuple[str, ...] = ()
    package: str = ""  # that it needs

    def cost(self, shard: Path, folder: Path) -> Cost:
        """Of one run over the shard."""
        with tempfile.TemporaryDirectory(dir=folder) as output:
            module = f"{_HERE}.{self.module}"
            command = (sys.executable, "-m", module, str(shard), output, *self.arguments)
            return measure(command)


EXACT, REDUCED = "pass, decode: exact", "pass, decode: reduced"
LOOP, ALONE = "bare loop", "reduced decoding alone"
CONTENDERS = {
    EXACT: Contender("shardmill_pass", ("exact",)),
    REDUCED: Contender("shardmill_pass", ("reduced",)),
    LOOP: Contender("loop", ("exact",)),
    f"{LOOP}, bilinear": Contender("loop", ("bilinear",)),
    ALONE: Contender("loop", ("reduced",)),
}
RIVALS = {
    "Ray Data": Contender("ray_data", package="ray"),
    "Daft (bilinear)": Contender("daft_chain", package="daft"),
    "DataTrove": Contender("datatrove_chain", package="datatrove"),
}


class Measured(NamedTuple):
    """One turn of a contender."""

    per_cpu: float  # images a second of CPU time, without the start
    per_wall: float  # images a second, without the start
    start: float  # seconds of CPU time that the start takes
    memory: float  # MiB resident at the peak


def main(
    samples: Annotated[int, typer.Option(min=100, help="Photographs in the shard.")] = 1000,
    large: Annotated[int, typer.Option(help="Photographs in the large one; 0: none.")] = 10_000,
    repeat: Annotated[int, typer.Option(min=1, help="Turns that each contender takes.")] = 3,
    rivals: Annotated[bool, typer.Option(help="Run the rivals that are installed.")] = True,
    folder: Annotated[Path | None, typer.Option(help="Room for shards and outputs.")] = None,
) -> None:
    console = Console(width=_WIDTH)
    contenders = {**CONTENDERS, **(_installed(console) if rivals else {})}
    with tempfile.TemporaryDirectory(dir=folder) as within:
        images = photographs(min(DISTINCT, samples))
        place = Path(within)
        small, whole = (
            write_shard(place / f"{n}.tar", images, n) for n in (samples // _SMALLER, samples)
        )
        found: dict[str, list[Measured]] = {name: [] for name in contenders}
        turns = [
            name
            for turn in range(repeat)
            for name in (contenders if turn % 2 == 0 else reversed(contenders))
        ]
        for name in track(turns, "measuring", console=Console(stderr=True), transient=True):
            taken = _take_turn(contenders[name], (small, whole), samples, place)
            found[name].append(taken)
        console.print(_table(found))
        console.print(_ratios(found))
        if large:
            _memory(console, found, write_shard(place / f"{large}.tar", images, large), place)


def _installed(console: Console) -> dict[str, Contender]:
    missing = [rival.package for rival in RIVALS.values() if not find_spec(rival.package)]
    if missing:
        console.print(
            f"left out for want of {', '.join(missing)}: "
            "pip install --constraint constraints.txt --editable '.[rivals]'",
            markup=False,
        )
    return {name: rival for name, rival in RIVALS.items() if rival.package not in missing}


def _take_turn(
    contender: Contender, shards: tuple[Path, Path], samples: int, folder: Path
) -> Measured:
    less, more = (contender.cost(shard, folder) for shard in shards)
    images = samples - samples // _SMALLER
    cpu, wall = more.cpu - less.cpu, more.wall - less.wall
    start = more.cpu - cpu * samples / images
    return Measured(images / cpu, images / wall, start, more.memory / 2**20)


def _table(found: dict[str, list[Measured]]) -> Table:
    table = Table(
        "", "images per CPU-second", "per second", "start, CPU s", "peak MiB", box=box.MARKDOWN
    )
    for name, turns in found.items():
        columns = list(zip(*turns, strict=True))
        digits = (0, 0, 1, 0)
        cells = [_spread(values, d) for values, d in zip(columns, digits, strict=True)]
        table.add_row(name, *cells)
    return table


def _spread(values: Sequence[float], digits: int) -> str:
    """The median, and the extremes in brackets."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def _ratios(found: dict[str, list[Measured]]) -> Table:
    """The design's targets, as ratios of medians."""
    rate = {
        name: statistics.median(turn.per_cpu for turn in turns) for name, turns in found.items()
    }
    best = max((name for name in RIVALS if name in rate), key=rate.__getitem__, default=None)
    wanted = [(EXACT, LOOP, 1.0), (REDUCED, LOOP, 1.5), (REDUCED, ALONE, 0.8)]
    if best is not None:
        wanted += [(EXACT, best, 1.5), (REDUCED, best, 1.5)]
    table = Table("images per CPU-second", "against", "ratio", "target", box=box.MARKDOWN)
    for ours, other, target in wanted:
        table.add_row(ours, other, f"{rate[ours] / rate[other]:.2f}", f"{target:.2f}")
    return table


def _memory(console: Console, found: dict[str, list[Measured]], shard: Path, folder: Path) -> None:
    """How much more memory the pass needs for the large shard; the target is 64 MiB at most."""
    for name in (EXACT, REDUCED):
        before = statistics.median(turn.memory for turn in found[name])
        after = CONTENDERS[name].cost(shard, folder).memory / 2**20
        console.print(
            f"{name}: peak {before:.0f} MiB, with {shard.stem} photographs {after:.0f} MiB: "
            f"{after - before:+.0f} (target: at most +64)"
        )


main.__doc__ = __doc__  # what --help shows

if __name__ == "__main__":
    typer.run(main)
