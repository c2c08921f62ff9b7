"""Measures inference from Python beside busy processes, with and without passive OpenMP threads.

    python -m benchmarks.inference.busy_cores [--scenes 32] [--busy 2]

A child process imports `shardmill`, then answers a caption about each scene with the demo's
checkpoint on the CPU. `active` is what OpenMP does without `import shardmill`: threads spin while
they wait. The figures are seconds of `engine.generate` alone, by the wall clock.
"""

import os
import subprocess
import sys
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

_CHILD = """
import sys, time
import shardmill
from benchmarks.inference.demo_questions import PROMPTS, cpu_engine, demo_requests
engine = cpu_engine("demo/checkpoint", "fast", precision="float32", batch_size=16, threads=2)
block = demo_requests(int(sys.argv[1]), engine.image_spec.side)
engine.generate(block[:2])
started = time.perf_counter()
engine.generate(block)
print(time.perf_counter() - started)
"""


def main(
    scenes: Annotated[int, typer.Option(min=1)] = 32,
    busy: Annotated[int, typer.Option(min=0)] = 2,
) -> None:
    """Print seconds on idle and on busy cores, for both policies."""
    table = Table("cores", "passive", "active", "active / passive", box=box.MARKDOWN)
    for label, number in (("idle", 0), (f"{busy} busy processes", busy)):
        others = [subprocess.Popen([sys.executable, "-c", "while 1: pass"]) for _ in range(number)]
        try:
            passive, active = _seconds(scenes, "passive"), _seconds(scenes, "active")
        finally:
            for other in others:
                other.kill()
        table.add_row(label, f"{passive:.2f}", f"{active:.2f}", f"{active / passive:.1f}")
    Console().print(table)


def _seconds(scenes: int, policy: str) -> float:
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    if policy != "passive":  # which `import shardmill` sets
        environment["OMP_WAIT_POLICY"] = policy
    code = [sys.executable, "-c", _CHILD, str(scenes)]
    return float(subprocess.check_output(code, env=environment, text=True))


if __name__ == "__main__":
    typer.run(main)
