"""A run whose workers wait for each other, so that a test decides when they continue.

    python -m support.synchronized_run JOB [FOLDER]

runs a job, with a barrier in FOLDER, and prints each unit that is reported.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from support.ray_head import environment

from filters import TextFilter
from filters.base import Judge
from pipelines.operations.run import run
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, keep
from shardmill import Job


class BarrierFilter(TextFilter):
    """Keeps every text, but a batch waits until enough processes have begun a batch.

    Processes with the same variable BARRIER_NAME count as one.
    """

    kind: str = "barrier"
    applies_to: Literal["source", "generated", "both"] = "source"
    folder: str  # each process writes a file here

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        folder, required = Path(self.folder), Path(f"{self.folder}.required")
        (folder / os.environ.get("BARRIER_NAME", str(os.getpid()))).touch()
        while len(list(folder.iterdir())) < int(required.read_text(encoding="utf-8")):
            time.sleep(0.01)
        return [keep() for _ in items]


def require_processes(folder: Path, processes: int) -> None:
    """Make each batch wait, from now on, until this many processes have begun a batch."""
    folder.mkdir(exist_ok=True)
    new = Path(f"{folder}.new")
    new.write_text(str(processes), encoding="utf-8")
    new.replace(f"{folder}.required")


def with_barrier(job: Job, folder: Path) -> Job:
    return job.model_copy(update={"filters": (BarrierFilter(folder=str(folder)),)})


def start(job: Job, folder: Path, prefix: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """Start a run with a barrier in another process; `prefix` is a command that runs others."""
    return start_reporting(job, Path(f"{folder}.json"), str(folder), prefix=prefix)


def start_reporting(
    job: Job, file: Path, *options: str, prefix: Sequence[str] = ()
) -> "subprocess.Popen[str]":
    """Write a job to a file, and start a run in another process that prints the units."""
    file.write_text(job.model_dump_json(), encoding="utf-8")
    words = [*prefix, sys.executable, "-m", "support.synchronized_run", str(file), *options]
    return subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, text=True)


def reported_units(process: "subprocess.Popen[str]") -> Iterator[str]:
    """Yield each unit as it is reported, then the outcome."""
    assert process.stdout is not None
    lines = (line.split() for line in process.stdout)  # Ray prints lines of its own
    return (line[1] for line in lines if line and line[0] in ("unit", "outcome"))


if __name__ == "__main__":
    from support import synchronized_run  # workers cannot import a class of __main__

    job_file, *barriers = map(Path, sys.argv[1:])
    work = Job.model_validate_json(job_file.read_text(encoding="utf-8"))
    for barrier in barriers:
        work = synchronized_run.with_barrier(work, barrier)
    summary = run(
        work,
        on_report=lambda report: print("unit", report.unit, flush=True),
    )
    print("outcome", summary.outcome)
