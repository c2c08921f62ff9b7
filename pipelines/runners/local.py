"""The local runner: one unit after another in this process, or several worker processes.

Tests compare the output of every other runner with the output of this one.
"""

import os
import time
from collections.abc import Generator, Iterator, Sequence

from pipelines.claims.run_claims import ALONE, RunClaims
from pipelines.claims.source import UnitSource
from pipelines.config.runners import LocalRunnerConfig
from pipelines.planning.plan import Plan
from pipelines.runners.local_processes import LocalWorkerPool
from pipelines.runners.scheduler import schedule
from pipelines.runners.worker import AttemptExists, Worker
from pipelines.storage.storage import Storage
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit


def run_local(
    plan: Plan,
    units: Sequence[Unit],
    storage: Storage,
    on_progress: OnProgress,
    claims: RunClaims = ALONE,
) -> Generator[UnitReport, None, None]:
    """Run the units and yield their reports; units with earlier attempts come last.

    Such units may have killed their process. Units that other runs claim are left to them.
    """
    settings = plan.work.job.runner
    assert isinstance(settings, LocalRunnerConfig)
    if settings.workers == 1:
        yield from _in_this_process(plan, units, storage, on_progress, claims)
    elif units:
        workers = settings.workers
        pool = LocalWorkerPool(plan.work, storage, workers, on_progress, claims.content)
        yield from schedule(plan, units, storage, pool, workers, claims)


def _in_this_process(
    plan: Plan,
    units: Sequence[Unit],
    storage: Storage,
    on_progress: OnProgress,
    claims: RunClaims,
) -> Iterator[UnitReport]:
    threads = plan.work.job.runner.decode_threads or len(os.sched_getaffinity(0))
    worker = Worker(plan.work, storage, threads, claims.content)
    source = UnitSource(plan, units, storage, claims, largest_first=False)
    while (following := source.next()) is not None:
        if isinstance(following, float):
            time.sleep(following)
            continue
        unit = following[0]
        try:
            report = worker.run(*following, on_progress)
        except AttemptExists:
            source.taken(unit)
            continue
        source.done(unit, report.attempt)
        yield report
