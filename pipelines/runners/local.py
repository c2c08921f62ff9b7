"""The local runner: one unit after another in this process. The oracle of all others."""

import os
from collections.abc import Generator

from pipelines.plan import Plan
from pipelines.storage import Storage
from pipelines.worker import Worker
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit


def run_local(
    plan: Plan, units: tuple[Unit, ...], storage: Storage, on_progress: OnProgress
) -> Generator[UnitReport, None, None]:
    """Work on the units; those that may kill their process come last."""
    threads = plan.work.job.runner.decode_threads or len(os.sched_getaffinity(0))
    worker = Worker(plan.work, storage, threads)
    attempts = plan.contents.attempts
    for unit in sorted(units, key=lambda unit: attempts.get(unit.name, 0)):
        yield worker.run(unit, plan.standing(unit), attempts.get(unit.name, 0), on_progress)
