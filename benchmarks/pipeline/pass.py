"""Compares the cost of the pass without the model with a bare loop, Ray Data, Daft and DataTrove.

    python -m benchmarks.pipeline.pass [--samples 1000] [--large 10000] [--repeat 3] [--no-rivals]
    python -m benchmarks.pipeline.pass --store s3://bucket/folder [--samples 1000] [--cores 1]

Each contender runs in a process of its own. It reads the same shard of synthetic photographs
(640x480, JPEG), filters by size and words, decodes, resizes to 224 pixels and writes text, size,
digest and the answer of a model that answers at once, as Parquet. Rates are computed from the
difference between a shard of `--samples` and one of a tenth, which excludes the start; they are per
second of CPU time, user and system, of all processes of the contender. The contenders take turns,
in reverse order every second turn; tables show the median and the extremes. The pass's memory is
measured with a shard of `--large` photographs.

The rivals are optional: the extra `rivals` of pyproject.toml installs them. The command for it is
printed where one of them is missing. Nothing is asserted.

With `--store`, the shards are copied to a folder of an S3 server, and the pass reads them from disk
and from there, beside WebDataset's pipe:curl, Ray Data and Daft; see store_comparison.py.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.pipeline.pass_over_shards.photographs import DISTINCT, photographs, write_shard
from benchmarks.pipeline.pass_over_shards.store_comparison import compare_store
from benchmarks.pipeline.pass_over_shards.turns import (
    WIDTH,
    Contender,
    Measured,
    Work,
    cost_table,
    installed,
    take_turns,
)

_SMALLER = 10  # the smaller shard has a tenth of the photographs; its cost is subtracted

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


def main(  # noqa: PLR0917 - options of the command line
    samples: Annotated[int, typer.Option(min=100, help="Photographs in the shard.")] = 1000,
    large: Annotated[int, typer.Option(help="Photographs in the large shard; 0: none.")] = 10_000,
    repeat: Annotated[int, typer.Option(min=1, help="Turns that each contender takes.")] = 3,
    rivals: Annotated[bool, typer.Option(help="Run the rivals that are installed.")] = True,
    folder: Annotated[Path | None, typer.Option(help="Room for shards and outputs.")] = None,
    store: Annotated[str | None, typer.Option(help="A folder in a bucket, to read from.")] = None,
    cores: Annotated[
        int, typer.Option(min=0, help="Cores of the contenders, with --store; 0: all.")
    ] = 0,
) -> None:
    console = Console(width=WIDTH)
    if store is not None:
        compare_store(console, store, samples, repeat, folder, cores=cores, rivals=rivals)
        return
    contenders = {**CONTENDERS, **(installed(RIVALS, console) if rivals else {})}
    with tempfile.TemporaryDirectory(dir=folder) as within:
        images = photographs(min(DISTINCT, samples))
        place = Path(within)
        less, more = (
            Work(write_shard(place / f"{n}.tar", images, n), n)
            for n in (samples // _SMALLER, samples)
        )
        measured = take_turns(contenders, less, more, repeat, place)
        console.print(cost_table(measured))
        console.print(_ratios(measured))
        if large:
            _memory(console, measured, write_shard(place / f"{large}.tar", images, large), place)


def _ratios(measured: dict[str, list[Measured]]) -> Table:
    """Compare ratios of median rates with the targets of the design."""
    rate = {
        name: statistics.median(turn.per_cpu for turn in turns) for name, turns in measured.items()
    }
    best = max((name for name in RIVALS if name in rate), key=rate.__getitem__, default=None)
    targets = [(EXACT, LOOP, 1.0), (REDUCED, LOOP, 1.5), (REDUCED, ALONE, 0.8)]
    if best is not None:
        targets += [(EXACT, best, 1.5), (REDUCED, best, 1.5)]
    table = Table("images per CPU-second", "against", "ratio", "target", box=box.MARKDOWN)
    for ours, other, target in targets:
        table.add_row(ours, other, f"{rate[ours] / rate[other]:.2f}", f"{target:.2f}")
    return table


def _memory(
    console: Console, measured: dict[str, list[Measured]], shard: Path, folder: Path
) -> None:
    """Print how much more memory the large shard needs; the target is at most 64 MiB."""
    for name in (EXACT, REDUCED):
        before = statistics.median(turn.memory for turn in measured[name])
        after = CONTENDERS[name].cost(shard, folder).memory / 2**20
        console.print(
            f"{name}: peak {before:.0f} MiB, with {shard.stem} photographs {after:.0f} MiB: "
            f"{after - before:+.0f} (target: at most +64)"
        )


main.__doc__ = __doc__  # what --help shows

if __name__ == "__main__":
    typer.run(main)
