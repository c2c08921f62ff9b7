"""The local runner: one unit after another in this process, or several worker processes.

Tests compare the output of every other runner with the output of this one.
"""

import os
from collections.abc import Generator, Iterator, Sequence
from itertools import chain

from pipelines.config.runners import LocalRunnerConfig
from pipelines.planning.plan import Plan
from pipelines.runners.local_processes import LocalWorkerPool
from pipelines.runners.scheduler import schedule
from pipelines.runners.worker import Worker
from pipelines.storage.storage import Storage
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit


def run_local(
    plan: Plan, units: Sequence[Unit], storage: Storage, on_progress: OnProgress
) -> Generator[UnitReport, None, None]:
    """Run the units and yield their reports; units with earlier attempts come last.

    Such units may have killed their process.
    """
    settings = plan.work.job.runner
    assert isinstance(settings, LocalRunnerConfig)
    if settings.workers == 1:
        yield from _in_this_process(plan, units, storage, on_progress)
    elif units:
        pool = LocalWorkerPool(plan.work, storage, settings.workers, on_progress)
        yield from schedule(plan, units, storage, pool, settings.workers)


def _in_this_process(
    plan: Plan, units: Sequence[Unit], storage: Storage, on_progress: OnProgress
) -> Iterator[UnitReport]:
    threads = plan.work.job.runner.decode_threads or len(os.sched_getaffinity(0))
    worker = Worker(plan.work, storage, threads)
    attempts = plan.listing.attempts
    tried = (unit for unit in units if unit.name in attempts)
    fresh = (unit for unit in units if unit.name not in attempts)
    for unit in chain(fresh, sorted(tried, key=lambda unit: attempts[unit.name])):
        yield worker.run(unit, plan.progress_of(unit), attempts.get(unit.name, 0), on_progress)
