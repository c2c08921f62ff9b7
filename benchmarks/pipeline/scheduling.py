"""What scheduling costs: many tiny units through each runner, with an engine that answers at once.

    python -m benchmarks.pipeline.scheduling [--units 10000] [--workers 2]

For every runner, in a process of its own: milliseconds from one report to the next beyond what the
workers themselves took for a unit, and the driver's resident memory after a tenth of the units and
at the end. The work of a unit (a tar of one sample) is what its report says, shared by the workers;
noting the attempt and reporting are counted as scheduling. Prints figures; nothing is asserted.
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
    """Tars of one small sample each, all alike."""
    sys.path.append(str(ROOT / "tests"))
    from support.sample_data import jpeg, tar_bytes

    content = tar_bytes([("0.jpg", jpeg(MIN_SIDE, MIN_SIDE)), ("0.txt", b"a red star")])
    for number in range(units):
        path = folder / f"{number // 1000:03}" / f"{number:06}.tar"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def measure(folder: Path, name: str, workers: int) -> None:
    """One runner over all shards; prints a line."""
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
    at: list[float] = []
    memory: list[int] = []  # bytes, at each report
    busy: list[float] = []

    def hear(report: UnitReport) -> None:
        assert report.counts.kept == 1, report
        at.append(time.perf_counter())
        busy.append(report.seconds)
        memory.append(process.memory_info().rss)

    run(job, on_report=hear)
    skipped = len(at) // 10  # by then all workers are there
    units = len(at) - 1 - skipped
    each = 1000 * (at[-1] - at[skipped]) / units
    work = 1000 * sum(busy[skipped + 1 :]) / units
    share = work / runner["workers"]
    print(
        f"{name:16} {each:6.2f} ms a unit, {share:6.2f} of it work, {each - share:6.2f} beyond; "
        f"driver {memory[skipped] >> 20} MiB, at the end {memory[-1] >> 20}",
        flush=True,
    )


def main(
    units: Annotated[int, typer.Option(help="How many shards.")] = 10_000,
    workers: Annotated[int, typer.Option(help="Of the runners that have several.")] = 2,
    only: Annotated[str | None, typer.Option(hidden=True)] = None,
    folder: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Time every runner on the same shards."""
    if only is not None and folder is not None:
        measure(folder, only, workers)
        return
    places = [str(INSTANT), str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
    with tempfile.TemporaryDirectory() as made:
        write_shards(Path(made, "shards"), units)
        for name in RUNNERS:
            command = [sys.executable, "-m", "benchmarks.pipeline.scheduling", f"--only={name}"]
            command += [f"--folder={made}", f"--workers={workers}"]
            subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    typer.run(main)
