"""Compares all runners with chains of Ray Data and Beam on the same shards.

    python -m benchmarks.pipeline.runners [--shards 20] [--samples 100] [--workers 2] [--repeat 3]

Each contender filters synthetic photographs (640x480, JPEG) by size and words, decodes, resizes to
224 pixels and writes text, size, digest and the answer of a model that answers at once, as Parquet.
The chains follow the documentation of their tools. Images per CPU-second are computed from the
difference between all shards and a quarter of them, which excludes the start; they count user and
system time of all processes. Images per second of wall time include the start.

Then each contender is killed, with all processes that it has started, when half of the images are
answered, and run again the same way; its output is compared with the input by unique keys. Nothing
is asserted. benchmarks/pipeline/scheduling.py measures the cost of tiny units.
"""

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.pipeline.pass_over_shards.interruption import interrupt_all, interruption_table
from benchmarks.pipeline.pass_over_shards.photographs import DISTINCT, photographs, write_shard
from benchmarks.pipeline.pass_over_shards.turns import (
    WIDTH,
    Contender,
    Work,
    cost_table,
    installed,
    take_turns,
)

_SMALLER = 4  # the smaller run has a quarter of the shards; its cost is subtracted
_COLUMNS = {
    "images per CPU-second": ("per_cpu", 0),
    "a second, start included": ("whole", 0),
    "start, CPU s": ("start", 1),
    "peak MiB": ("memory", 0),
}


def contenders(workers: int) -> dict[str, Contender]:
    """Return all contenders by name: Shardmill on its runners, then the chains."""
    several = ("--direct_running_mode=multi_processing", f"--direct_num_workers={workers}")
    portable = ("--runner=PortableRunner", "--environment_type=LOOPBACK")
    return {
        "local, 1 worker": _job(kind="local"),
        f"local, {workers} workers": _job(kind="local", workers=workers),
        "ray": _job("ray", kind="ray", workers=workers),
        "beam, in memory": _job("apache_beam", kind="beam"),
        "beam, processes": _job("apache_beam", kind="beam", options=several),
        "beam, portable": _job(
            "apache_beam", kind="beam", options=(*portable, "--job_endpoint={job_endpoint}")
        ),
        "Ray Data chain": Contender("ray_data", package="ray"),
        "Ray Data chain, overwriting": Contender("ray_data", ("overwrite",), "ray"),
        "Beam chain, in memory": Contender("beam_chain", package="apache_beam"),
        "Beam chain, processes": Contender("beam_chain", several, "apache_beam"),
    }


def _job(package: str = "", **runner: object) -> Contender:
    return Contender("shardmill_job", (json.dumps(runner),), package)


def main(
    *,
    shards: Annotated[int, typer.Option(min=_SMALLER, help="Number of shards.")] = 20,
    samples: Annotated[int, typer.Option(min=1, help="Photographs in each shard.")] = 100,
    workers: Annotated[int, typer.Option(min=1, help="Workers of runners that have several.")] = 2,
    repeat: Annotated[int, typer.Option(min=0, help="Turns of each; 0: only the kill.")] = 3,
    only: Annotated[str, typer.Option(help="Run contenders whose name contains this.")] = "",
    folder: Annotated[Path | None, typer.Option(help="Room for shards and outputs.")] = None,
) -> None:
    console = Console(width=WIDTH)
    chosen = {name: entry for name, entry in contenders(workers).items() if only in name}
    chosen = installed(chosen, console)
    with tempfile.TemporaryDirectory(dir=folder) as within:
        place = Path(within)
        less, more = (_write(place / str(n), n, samples) for n in (shards // _SMALLER, shards))
        if repeat:
            turns = take_turns(chosen, less, more, repeat, place)
            console.print(cost_table(turns, _COLUMNS))
        console.print(interruption_table(interrupt_all(chosen, more, place)))


def _write(folder: Path, shards: int, samples: int) -> Work:
    """Write shards in which all keys are different."""
    folder.mkdir()
    images = photographs(min(DISTINCT, shards * samples))
    for shard in range(shards):
        write_shard(folder / f"{shard:05}.tar", images, samples, first=shard * samples)
    return Work(folder, shards * samples)


main.__doc__ = __doc__  # what --help shows

if __name__ == "__main__":
    typer.run(main)
