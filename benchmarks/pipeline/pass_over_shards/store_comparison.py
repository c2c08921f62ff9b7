"""Compares the pass over a shard in a bucket with the pass over the same shard on disk.

Both passes run in turn in one process; then each way, beside WebDataset's own `pipe:curl`, Ray Data
and Daft, in a process of its own.

The server is the one that AWS_ENDPOINT_URL names, which must let everybody read the bucket. Without
that variable, SeaweedFS is started, and ended afterwards; `make .venv-stores/.ready` installs it
from tests/stores/requirements.txt, and STORE_SERVERS may name another such environment.

CPU time is that of a contender's own processes; the server's is not counted. What a client must do
to receive bytes at all is measured by `receiving alone`, which streams the shard by obstore and
throws it away. With `--cores`, contenders run on so many cores, and the server that is started here
on the others: only then rates by the clock say something about the pass, because a server on the
same cores takes time from it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from benchmarks.pipeline.pass_over_shards.alternation import Turns
from benchmarks.pipeline.pass_over_shards.from_store import FROM_DISK, FROM_STORE, RECEIVING, WAYS
from benchmarks.pipeline.pass_over_shards.photographs import DISTINCT, photographs, write_shard
from benchmarks.pipeline.pass_over_shards.turns import (
    Contender,
    Work,
    cost_table,
    installed,
    take_turns,
)
from pipelines.storage.resolve import STORAGE
from pipelines.storage.urls import check_output_url

_TESTS = Path(__file__).parents[3] / "tests"
_SMALLER = 10  # the smaller shard has a tenth of the photographs; its cost is subtracted
_TURNS = 3  # of the two passes in one process, for each turn of the contenders
_TARGET = 0.9
PACKAGES = {"WebDataset, pipe:curl": "webdataset", "Ray Data": "ray", "Daft": "daft"}


def compare_store(
    console: Console,
    store: str,
    samples: int,
    repeat: int,
    folder: Path | None,
    *,
    cores: int,
    rivals: bool,
) -> None:
    """Print the ratio of the pass from a store to that on disk, and the cost of other ways."""
    check_output_url(store)
    mine, others = split_cores(cores, os.sched_getaffinity(0))
    is_elsewhere = bool(os.environ.get("AWS_ENDPOINT_URL"))
    with tempfile.TemporaryDirectory(dir=folder) as within, _server(store, others):
        os.sched_setaffinity(0, mine)
        images = photographs(min(DISTINCT, samples))
        less, more = (
            Work(write_shard(Path(within) / f"{n}.tar", images, n), n)
            for n in (samples // _SMALLER, samples)
        )
        for work in (less, more):
            with work.shards.open("rb") as file:
                STORAGE.write(f"{store.rstrip('/')}/{work.shards.name}", file)
        for line in ratios(_alternate(more.shards, within, store, _TURNS * repeat), samples):
            console.print(line)
        if is_elsewhere:
            console.print(f"the pass had {len(mine)} cores; the server is the environment's")
        elif others == mine:
            console.print(f"the server had the same {len(mine)} cores, and took time from the pass")
        else:
            console.print(f"the pass had {len(mine)} cores, and the server {len(others)} others")
        if rivals:
            ways = {
                way: Contender("from_store", (way, store), PACKAGES.get(way, "")) for way in WAYS
            }
            contenders = installed(ways, console)
            measured = take_turns(contenders, less, more, repeat, Path(within))
            console.print(cost_table(measured))


def _alternate(shard: Path, folder: str, store: str, turns: int) -> Turns:
    """Measure the pass on disk and from the store in turn, in one process."""
    command = [sys.executable, "-m", f"{__package__}.alternation"]
    command += [str(shard), f"{folder}/alternation", store, str(turns)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return {way: [(cpu, clock) for cpu, clock in each] for way, each in json.loads(printed).items()}


def ratios(measured: Turns, samples: int) -> list[str]:
    """Return what the cost of turns over so many samples says; medians with the extremes."""
    cpu = {way: [seconds for seconds, _ in turns] for way, turns in measured.items()}
    clock = {way: [seconds for _, seconds in turns] for way, turns in measured.items()}
    disk, stored, receiving = (cpu[way] for way in (FROM_DISK, FROM_STORE, RECEIVING))
    beyond = [each - statistics.median(receiving) for each in stored]
    each = {way: f"{1e3 * statistics.median(cpu[way]) / samples:.3f} ms" for way in cpu}
    return [
        f"images per CPU-second, from the store to on disk: {_ratio(disk, stored)}",
        f"the same, beyond what receiving costs: {_ratio(disk, beyond)} (target {_TARGET})",
        "images per second of the clock, from the store to on disk: "
        + _ratio(clock[FROM_DISK], clock[FROM_STORE]),
        f"CPU time of an image: {each[FROM_DISK]} on disk, {each[FROM_STORE]} from the store, "
        f"{each[RECEIVING]} to receive it",
    ]


def _ratio(disk: Sequence[float], stored: Sequence[float]) -> str:
    """Return the ratio of the medians, and the extremes of the turns, each a pair of neighbors."""
    pairs = [mine / other for mine, other in zip(disk, stored, strict=True)]
    median = statistics.median(disk) / statistics.median(stored)
    return f"{median:.2f} ({min(pairs):.2f}-{max(pairs):.2f} in {len(pairs)} turns)"


def split_cores(cores: int, present: set[int]) -> tuple[set[int], set[int]]:
    """Return the cores of the contenders, 0 for all, and the server's: the others, if any."""
    mine = set(sorted(present)[:cores] if cores else present)
    return mine, present - mine or mine


@contextmanager
def _server(store: str, cores: set[int]) -> Iterator[None]:
    """Run SeaweedFS with the bucket of `store`, unless the environment names a server."""
    if os.environ.get("AWS_ENDPOINT_URL"):
        yield
        return
    sys.path.append(str(_TESTS))
    from support.object_servers import request, seaweedfs

    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    with seaweedfs() as server:
        os.sched_setaffinity(0, before)
        bucket = store.partition("://")[2].partition("/")[0]
        request("PUT", f"{server.url}/{bucket}")
        os.environ.update(server.environment)
        yield
