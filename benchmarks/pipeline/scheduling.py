"""Measures the cost of scheduling: many tiny units, with an engine that answers at once.

    python -m benchmarks.pipeline.scheduling [--units 10000] [--workers 2]

Each runner runs in a process of its own. The cost is the time from one report to the next, less the
time that workers spend on a unit, in milliseconds. The work of a unit (a tar of one sample) is the
seconds in its report, divided by the number of workers; attempt markers and reports count as
scheduling. The driver's resident memory is measured after a tenth of the units and at the end.
Prints figures; nothing is asserted.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer

from benchmarks.pipeline.pass_over_shards.work import MIN_SIDE
from pipelines.operations.run import run
from schemas.report import UnitReport
from shardmill import Job

ROOT = Path(__file__).parents[2]
INSTANT = Path(__file__).parent / "instant"
RUNNERS: dict[str, dict[str, Any]] = {
    "local, 1 worker": {"kind": "local", "workers": 1},
    "local": {"kind": "local"},
    "ray": {"kind": "ray"},
}


def write_shards(folder: Path, units: int) -> None:
    """Write equal tars of one small sample each."""
    sys.path.append(str(ROOT / "tests"))
    from support.sample_data import jpeg, tar_bytes

    content = tar_bytes([("0.jpg", jpeg(MIN_SIDE, MIN_SIDE)), ("0.txt", b"a red star")])
    for number in range(units):
        path = folder / f"{number // 1000:03}" / f"{number:06}.tar"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def measure(folder: Path, name: str, workers: int) -> None:
    """Run all shards with one runner, and print a line of figures."""
    runner = {"workers": workers, **RUNNERS[name], "decode_threads": 1}
    job = Job.model_validate(
        {
            "name": "runners",
            "input": {"shards": f"{folder}/shards/**/*.tar"},
            "model": {"checkpoint": str(ROOT / "demo/checkpoint"), "device": "cpu"},
            "tasks": {"caption": {"kind": "caption"}},
            "output": f"{folder}/{name}",
            "runner": runner,
        }
    )
    process = psutil.Process(os.getpid())
    report_times: list[float] = []
    memory: list[int] = []  # bytes, at each report
    busy: list[float] = []

    def on_report(report: UnitReport) -> None:
        assert report.counts.kept == 1, report
        report_times.append(time.perf_counter())
        busy.append(report.seconds)
        memory.append(process.memory_info().rss)

    run(job, on_report=on_report)
    skipped = len(report_times) // 10  # by then all workers have started
    units = len(report_times) - 1 - skipped
    total = 1000 * (report_times[-1] - report_times[skipped]) / units
    work = 1000 * sum(busy[skipped + 1 :]) / units
    share = work / runner["workers"]
    print(
        f"{name:16} {total:6.2f} ms a unit, {share:6.2f} of it work, {total - share:6.2f} overhead"
        f"; driver {memory[skipped] >> 20} MiB, at the end {memory[-1] >> 20}",
        flush=True,
    )


def main(
    units: Annotated[int, typer.Option(help="Number of shards.")] = 10_000,
    workers: Annotated[int, typer.Option(help="Workers of runners that have several.")] = 2,
    only: Annotated[str | None, typer.Option(hidden=True)] = None,
    folder: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Time every runner on the same shards."""
    if only is not None and folder is not None:
        measure(folder, only, workers)
        return
    python_path = [str(INSTANT), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, python_path))}
    with tempfile.TemporaryDirectory() as made:
        write_shards(Path(made, "shards"), units)
        for name in RUNNERS:
            command = [sys.executable, "-m", "benchmarks.pipeline.scheduling", f"--only={name}"]
            command += [f"--folder={made}", f"--workers={workers}"]
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    typer.run(main)
