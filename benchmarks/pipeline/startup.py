"""Measures what the first commands cost: help, plan, preview and run of eight samples.

    python -m benchmarks.pipeline.startup [--repeats 3]

Each command runs in a process of its own, over one shard of eight scenes and with the demo's
checkpoint on the CPU. Prints the CPU-seconds of the cheapest repeat, which other processes on the
machine change less than seconds by the clock, and the seconds of that repeat by the clock. For
`run` the latter are the seconds until the first file of rows is complete. pandas,
which no extra of Shardmill but `dev` installs, is hidden: pyarrow imports it wherever it is
installed, which takes another half second.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from demo.scenes.scenes import write_shards

ROOT = Path(__file__).parents[2]
FILTERS = [{"kind": "image_size", "min_side": 16}, {"kind": "personal_data"}]
MODEL = {"checkpoint": str(ROOT / "demo" / "checkpoint"), "precision": "float32", "device": "cpu"}
TASKS = {"caption": {"kind": "caption", "max_new_tokens": 16}}


def main(repeats: Annotated[int, typer.Option(min=1)] = 3) -> None:
    """Print the cost of each command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_shards(folder / "shards", 1, 8, seed=0)
        (folder / "pandas.py").write_text("raise ImportError")
        job = {
            "name": "startup",
            "input": {"shards": "shards/*.tar"},
            "output": "out",
            "filters": FILTERS,
        }
        (folder / "filters.yaml").write_text(json.dumps(job))
        (folder / "model.yaml").write_text(json.dumps({**job, "model": MODEL, "tasks": TASKS}))
        for command in (
            ["--help"],
            ["plan", "filters.yaml"],
            ["plan", "model.yaml"],
            ["preview", "filters.yaml", "--force"],
            ["preview", "model.yaml", "--force"],
            ["run", "filters.yaml"],
            ["run", "model.yaml"],
        ):
            cpu, clock = min(_cost(command, folder) for _ in range(repeats))
            print(f"{' '.join(command):<32} {cpu:6.2f} CPU-s {clock:6.2f} s")


def _cost(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run a command; return its CPU-seconds and its seconds by the clock."""
    shutil.rmtree(folder / "out", ignore_errors=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    subprocess.run(
        [sys.executable, "-m", "shardmill", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=True,
    )
    ends = [path.stat().st_mtime for path in (folder / "out").glob("*.parquet")] or [time.time()]
    clock, after = min(ends) - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock


if __name__ == "__main__":
    typer.run(main)
