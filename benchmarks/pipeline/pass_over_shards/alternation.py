"""Runs the pass over a shard on disk and over the same shard in a bucket, in turn, in one process.

python -m benchmarks.pipeline.pass_over_shards.alternation SHARD OUTPUT STORE TURNS

Prints a line of JSON: for each of the ways, the seconds of CPU time and of the clock of each turn.
The CPU time is the user and system time of all threads and child processes. One process is measured
many times, without its start, so that other work on the machine falls on all ways alike.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest.mock import patch

from benchmarks.pipeline.pass_over_shards.from_store import (
    FROM_DISK,
    FROM_STORE,
    RECEIVING,
    receive,
)
from benchmarks.pipeline.pass_over_shards.instant_engine import InstantEngine
from benchmarks.pipeline.pass_over_shards.shardmill_pass import job, resolved
from pipelines.annotation.annotator import Annotator
from pipelines.storage.resolve import STORAGE
from schemas.sample import Unit

Turns = Mapping[str, list[tuple[float, float]]]  # way -> seconds of CPU time and of the clock


def run(shard: str, output: str, store: str, turns: int) -> Turns:
    """Measure each way so many times, after a turn that is not counted."""
    url = f"{store.rstrip('/')}/{Path(shard).name}"
    ways: dict[str, Callable[[], None]] = {
        FROM_DISK: annotation(shard, f"{output}/disk"),
        FROM_STORE: annotation(url, f"{output}/store"),
        RECEIVING: lambda: receive(shard, output, url),
    }
    measured: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for turn in range(turns + 1):
        for way in ways if turn % 2 else reversed(list(ways)):
            cpu, clock = _cpu_seconds(), time.perf_counter()
            ways[way]()
            if turn:
                measured[way].append((_cpu_seconds() - cpu, time.perf_counter() - clock))
    return measured


def annotation(shard: str, output: str) -> Callable[[], None]:
    """Return a function that annotates the shard and writes the output anew."""
    with patch("pipelines.annotation.loaded_job.load_engine", lambda *_: InstantEngine()):
        cores = len(os.sched_getaffinity(0))
        annotator = Annotator(resolved(job(shard, output, "exact")), STORAGE, cores)
    path, entry = Path(shard), STORAGE.entry(shard)
    assert entry is not None, shard
    unit = Unit(path.stem, shard, path.name, entry.size, entry.version)

    def annotate() -> None:
        report = annotator.annotate(unit)
        assert report.counts.kept == report.counts.read > 0, report

    return annotate


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    path, target, folder, number = sys.argv[1:]
    print(json.dumps(run(path, target, folder, int(number))))
