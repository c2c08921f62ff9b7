"""Processes that run jobs on one output; they are forked from a process that has the modules."""

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess

from pipelines.config.job import Job
from schemas.errors import JobError

REFUSED, INCOMPLETE = 2, 3  # exit codes, as of the command line
_MODULES = ("pipelines.annotation.annotator", "pipelines.operations.run", "pipelines.runners.local")


def start(job: Job) -> ForkServerProcess:
    """Start a run of a job; its exit code is that of the command line, without a word."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_MODULES, __name__])
    process = context.Process(target=_run, args=(job.model_dump_json(),))
    process.start()
    return process


def _run(job: str) -> None:
    from pipelines.operations.run import run

    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    try:
        summary = run(Job.model_validate_json(job))
    except JobError:
        sys.exit(REFUSED)
    sys.exit(0 if summary.outcome == "complete" else INCOMPLETE)
