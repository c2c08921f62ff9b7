"""A run whose workers wait for one another, so that a test says when they go on.

python -m gathering JOB FOLDER: runs a job, and prints its units as they are reported.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from support.ray_head import commands

from filters import TextFilter
from filters.base import Judge
from pipelines.operations.run import run
from schemas.resources import Resources
from schemas.sample import Text
from schemas.verdict import Verdict, keep
from shardmill import Job


class Gathering(TextFilter):
    """Keeps every text, but no batch goes on before as many processes have begun one as wanted."""

    kind: str = "gathering"
    applies_to: Literal["source", "generated", "both"] = "source"
    folder: str  # in which each process leaves a file

    def load(self, resources: Resources) -> Judge[Text]:
        return self

    def judge(self, items: Sequence[Text]) -> list[Verdict]:
        folder, wanted = Path(self.folder), Path(f"{self.folder}.wanted")
        (folder / str(os.getpid())).touch()
        while len(list(folder.iterdir())) < int(wanted.read_text(encoding="utf-8")):
            time.sleep(0.01)
        return [keep() for _ in items]


def want(folder: Path, processes: int) -> None:
    """From now on a batch waits until so many processes have begun one."""
    folder.mkdir(exist_ok=True)
    new = Path(f"{folder}.new")
    new.write_text(str(processes), encoding="utf-8")
    new.replace(f"{folder}.wanted")


def filtered(job: Job, folder: Path) -> Job:
    return job.model_copy(update={"filters": (Gathering(folder=str(folder)),)})


def start(job: Job, folder: Path, within: Sequence[str] = ()) -> "subprocess.Popen[str]":
    """A run in a process of its own, begun by the command `within`."""
    file = Path(f"{folder}.json")
    file.write_text(job.model_dump_json(), encoding="utf-8")
    words = [*within, sys.executable, "-m", "support.synchronized_run", str(file), str(folder)]
    return subprocess.Popen(words, env=commands(), stdout=subprocess.PIPE, text=True)


def reported(process: "subprocess.Popen[str]") -> Iterator[str]:
    """Units as they are reported, and at last the outcome."""
    assert process.stdout is not None
    lines = (line.split() for line in process.stdout)  # some are Ray's
    return (line[1] for line in lines if line and line[0] in ("unit", "outcome"))


if __name__ == "__main__":
    import support.synchronized_run as gathering  # by a name that workers can import

    job_file, place = map(Path, sys.argv[1:])
    work = Job.model_validate_json(job_file.read_text(encoding="utf-8"))
    summary = run(
        gathering.filtered(work, place),
        on_report=lambda report: print("unit", report.unit, flush=True),
    )
    print("outcome", summary.outcome)
