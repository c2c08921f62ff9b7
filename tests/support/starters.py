"""Processes that run jobs on one output; they are forked from a process that has the modules."""

import os
import sys
from multiprocessing.context import ForkServerProcess

import pytest
from support.shardmill_process import CONTEXT, start_forked

from pipelines.config.job import Job
from pipelines.operations.run import run
from schemas.errors import JobError
from schemas.report import Summary

REFUSED, INCOMPLETE = 2, 3  # exit codes, as of the command line
_MODULES = ("pipelines.annotation.annotator", "pipelines.runners.local")


def start(job: Job, cores: int | None = None) -> ForkServerProcess:
    """Start a run of a job, which prints nothing and exits with a code of the command line.

    `cores` limits the cores that it sees.
    """
    process = CONTEXT.Process(target=_run, args=(job.model_dump_json(), cores))
    return start_forked(process, (*_MODULES, __name__))


def _run(job: str, cores: int | None) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    try:
        summary = run_unsynced(Job.model_validate_json(job))
    except JobError:
        sys.exit(REFUSED)
    sys.exit(0 if summary.outcome == "complete" else INCOMPLETE)


def run_unsynced(job: Job) -> Summary:
    """Run a job without waiting for the disk: killing a process loses nothing that it wrote."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        return run(job)
