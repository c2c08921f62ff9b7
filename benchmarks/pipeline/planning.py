"""Measures the time to plan a job of many units when half of them are done.

    python -m benchmarks.pipeline.planning [--units 100000]

Creates empty shards and an output whose manifest names all of them and which has a file for every
second one, then plans the job as `shardmill run` does. Prints seconds and asserts nothing.
"""

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from pipelines.output.layout import whole_file
from pipelines.planning.begin import begin_output
from pipelines.planning.plan import plan
from pipelines.storage.local import LocalStorage
from shardmill import Job


def main(units: Annotated[int, typer.Option(help="How many shards.")] = 100_000) -> None:
    """Time the first plan, and a plan with half of the units done."""
    with tempfile.TemporaryDirectory() as folder:
        shards, output = Path(folder, "shards"), Path(folder, "output")
        for number in range(units):
            path = shards / f"{number // 1000:05}" / f"{number:08}.tar"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        job = Job.model_validate(
            {
                "name": "planning",
                "input": {"shards": f"{shards}/**/*.tar"},
                "model": {"checkpoint": "demo/checkpoint"},
                "tasks": {"caption": {"kind": "caption"}},
                "output": str(output),
            }
        )
        started = time.perf_counter()
        first = plan(job)
        print(f"{units} units, nothing done: {time.perf_counter() - started:.2f} s")
        started = time.perf_counter()
        begin_output(first, LocalStorage())
        print(f"manifest and job.record written: {time.perf_counter() - started:.2f} s")
        for unit in first.units[::2]:
            path = output / whole_file(unit.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        started = time.perf_counter()
        second = plan(job)
        pending = len(second.pending)
        print(f"{units} units, {pending} to do: {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    typer.run(main)
