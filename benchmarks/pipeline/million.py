"""Measures planning, running and ending a job of a million units, over a made-up listing.

    python -m benchmarks.pipeline.million [--units 1000000] [--run 20000]

The storage lists shards and Parquet files that do not exist: half of the units are committed. Only
control files are real. Each step runs in a process of its own, which prints its seconds, its
CPU-seconds and its peak of resident memory; nothing is asserted. The time and the CPU that the
listings take are printed apart, because a real storage has its own. `run` schedules units on a pool
of workers that commit at once, so that only the driver works. `record` writes the counts of the
committed half, and `end` closes the output from these counts.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import psutil
import typer

from inference.benchmarking.peak_memory import peak_memory
from pipelines.operations.finish import close_output
from pipelines.operations.running.tally import RunTally
from pipelines.output.counts import CountsWriter
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.layout import Layout, whole_file
from pipelines.output.output import open_output
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import Plan, plan
from pipelines.runners.scheduler import schedule
from pipelines.runners.worker_pool import Assignment, Message, Ready
from pipelines.storage.local import LocalStorage
from pipelines.storage.storage import Entry
from schemas.report import Counts, FilterCounts, UnitReport
from shardmill import Job

_PER_FOLDER = 10_000
_SHARDS = "/corpus/of/a/bucket/laion"


class MadeUpStorage(LocalStorage):
    """Lists shards that do not exist, and every second one's Parquet file in the output."""

    def __init__(self, units: int, output: Path) -> None:
        self.units = units
        self.committed = bytearray([1, 0] * (units // 2) + [1] * (units % 2))
        self.listing_seconds = 0.0
        self._output = str(output)

    def list(
        self, folder: str, recursive: bool = True, follow_links: bool = True
    ) -> Iterator[Entry]:
        if folder == _SHARDS:
            entries = self._shards()
        else:
            entries = super().list(folder, recursive, follow_links)
            if folder == self._output:
                entries = self._files(entries)
        while True:
            started = time.process_time()
            entry = next(entries, None)
            self.listing_seconds += time.process_time() - started
            if entry is None:
                return
            yield entry

    def entry(self, path: str) -> Entry | None:
        if path.endswith(".parquet"):
            return Entry(path, 1_000_000, _version(int(path[-16:-8])))
        return super().entry(path)

    def _shards(self) -> Iterator[Entry]:
        for number in range(self.units):
            size = 300_000_000 + number * 7919 % 1_000_003
            yield Entry(f"{_SHARDS}/{_name(number)}.tar", size, _version(number))

    def _files(self, others: Iterator[Entry]) -> Iterator[Entry]:
        for number, is_committed in enumerate(self.committed):
            if is_committed:
                path = f"{self._output}/{whole_file(_name(number))}"
                yield Entry(path, 1_000_000, _version(number))
        yield from others

    def write(self, path: str, content: BinaryIO, durable: bool = True) -> str:
        return super().write(path, content, durable=False)

    def delete(self, path: str) -> None:
        if "/attempts/" not in path:
            super().delete(path)


def _name(number: int) -> str:
    return f"{number // _PER_FOLDER:05d}/{number:08d}"


def _version(number: int) -> str:
    return f"{number:032x}"  # as long as an ETag


class InstantPool:
    """Workers that commit each unit at once: nothing but the driver takes time."""

    def __init__(self, storage: MadeUpStorage) -> None:
        self._storage = storage
        self._messages: list[tuple[int, Message]] = []
        self._workers = 0

    def start(self) -> int:
        self._workers += 1
        self._messages.append((self._workers, Ready()))
        return self._workers

    def assign(self, worker: int, assignment: Assignment) -> None:
        name = assignment.unit.name
        self._storage.committed[int(name[-8:])] = 1
        self._messages.append((worker, report_of(name)))

    def messages(self) -> list[tuple[int, Message]]:
        messages, self._messages = self._messages, []
        return messages

    def close(self) -> None:
        pass


def report_of(name: str) -> UnitReport:
    """Return the report of a committed unit, with as many numbers as a job of filters gives."""
    number = int(name[-8:])
    filters = tuple(
        FilterCounts(name=each, seen=10_000, dropped=number % 7)
        for each in ("image_size", "text_quality", "toxicity_rules", "personal_data")
    )
    counts = Counts(
        read=10_000,
        kept=9_000,
        dropped=1_000,
        filters=filters,
        reasons={f"text_quality/reason_{each}": 100 for each in range(10)},
        languages={f"l{each}/kept": 900 for each in range(10)},
        carried={"url": 9_000},
    )
    return UnitReport(
        unit=name,
        status="committed",
        files=(whole_file(name),),
        versions=(_version(number),),
        counts=counts,
        scores={"text_quality.words": {str(each): 100 for each in range(20)}},
    )


def make_job(output: Path) -> Job:
    return Job.model_validate(
        {
            "name": "million",
            "input": {"shards": f"{_SHARDS}/**/*.tar", "text": "txt"},
            "filters": [{"kind": "text_quality"}],
            "output": str(output),
        }
    )


def _begin(storage: MadeUpStorage, output: Path, run: int) -> None:
    storage.committed = bytearray(storage.units)
    begin_output(plan(make_job(output), storage), storage)


def _plan(storage: MadeUpStorage, output: Path, run: int) -> Plan:
    planned = plan(make_job(output), storage)
    print(f"{len(planned.pending)} of {len(planned.units)} units to do: ", end="")
    return planned


def _run(storage: MadeUpStorage, output: Path, run: int) -> None:
    """Plan, schedule `run` units, and close the output."""
    planned = plan(make_job(output), storage)
    work = planned.work
    tally = RunTally(work.record)
    counts = CountsWriter(work.layout, storage, tally.run, work.fingerprint)
    process = psutil.Process()
    memory: list[int] = []
    started = time.process_time()
    pool = InstantPool(storage)
    for report in schedule(planned, planned.pending[:run], storage, pool, 8):
        tally.add(report)
        counts.add_report(report)
        if tally.units % max(1, run // 10) == 0:
            memory.append(process.memory_info().rss >> 20)
    counts.flush()
    seconds = time.process_time() - started
    print(
        f"{1000 * seconds / run:.2f} ms of the driver a unit, resident MiB {memory}: ",
        end="",
    )


def _record(storage: MadeUpStorage, output: Path, run: int) -> None:
    """Record the counts of the committed units, as the runs did that committed them."""
    fingerprint = fingerprint_of(open_output(str(output), storage).record)
    writer = CountsWriter(Layout(str(output)), storage, "before", fingerprint)
    for number, is_committed in enumerate(storage.committed):
        if is_committed:
            writer.add_report(report_of(_name(number)))
    writer.flush()


def _end(storage: MadeUpStorage, output: Path, run: int) -> None:
    """Close the output as the end of a run does; there is no footer that could be read."""
    opened = open_output(str(output), storage)
    summary = close_output(RunTally(opened.record), opened)
    print(f"{summary.counts.read if summary.counts else 0} samples counted: ", end="")


STEPS: dict[str, Callable[[MadeUpStorage, Path, int], object]] = {
    "begin": _begin,
    "plan": _plan,
    "run": _run,
    "record": _record,
    "end": _end,
}


def main(
    units: Annotated[int, typer.Option(help="How many units.")] = 1_000_000,
    run: Annotated[int, typer.Option(help="How many of them a run does.")] = 20_000,
    step: Annotated[str | None, typer.Option(hidden=True)] = None,
    folder: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure every step in a process of its own."""
    if step is not None and folder is not None:
        storage = MadeUpStorage(units, folder / "output")
        before = psutil.Process().memory_info().rss >> 20
        started, cpu = time.perf_counter(), time.process_time()
        STEPS[step](storage, folder / "output", run)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        peak = peak_memory() >> 20
        print(
            f"{step}: {seconds:.1f} s, {cpu:.1f} CPU-s ({storage.listing_seconds:.1f} of them the "
            f"listing), peak {peak} MiB ({before} MiB before)",
            flush=True,
        )
        return
    with tempfile.TemporaryDirectory() as made:
        for each in STEPS:
            command = [sys.executable, "-m", "benchmarks.pipeline.million", f"--step={each}"]
            command += [f"--folder={made}", f"--units={units}", f"--run={run}"]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    typer.run(main)
