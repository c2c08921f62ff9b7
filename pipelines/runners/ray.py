"""The Ray runner: connects to a cluster, schedules units on its actors, reports metrics to Ray.

Only this module imports Ray.
"""

import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pipelines.claims.run_claims import RunClaims
from pipelines.config.runners import RayRunnerConfig, WorkerRange
from pipelines.planning.plan import Plan
from pipelines.runners.ray_worker_pool import RayWorkerPool
from pipelines.runners.scheduler import schedule
from pipelines.storage.paths import absolute
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.report import OnProgress, UnitReport
from schemas.sample import Unit

_CONNECT_SECONDS = 10
_JOB_CONFIG = "RAY_JOB_CONFIG_JSON_ENV_VAR"  # set by `ray job submit`, JSON


def run_ray(
    plan: Plan,
    units: Sequence[Unit],
    storage: Storage,
    on_progress: OnProgress,
    claims: RunClaims | None = None,
) -> Generator[UnitReport, None, None]:
    """Run the units on actors of a Ray cluster; yield a report for each unit."""
    settings = plan.work.job.runner
    assert isinstance(settings, RayRunnerConfig)
    if not units:
        return
    _check_output(plan.work.job.output)
    ray = _import_ray()
    with _connected(ray, settings):
        workers = settings.workers
        max_workers = workers.max if isinstance(workers, WorkerRange) else workers
        content = claims.content if claims else b""
        pool = RayWorkerPool(
            ray, plan.work, storage, min(max_workers, len(units)), on_progress, claim=content
        )
        metrics = _Metrics(plan.work.job.name)
        for report in schedule(plan, units, storage, pool, max_workers, claims):
            metrics.add(report)
            yield report


def _check_output(output: str) -> None:
    """Raise JobError if the output is in the folder that Ray deletes after `ray job submit`."""
    job_config = json.loads(os.environ.get(_JOB_CONFIG, "{}"))
    is_relative = absolute(output) != absolute(output, "/")
    if is_relative and "working_dir" in job_config.get("runtime_env", {}):
        raise JobError(
            f"output: {output} would lie in Ray's own copy of the folder that was submitted, which "
            "it deletes: give an absolute path"
        )


def _import_ray() -> Any:
    # A cluster that is started here would send usage statistics to Ray's makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ModuleNotFoundError:
        raise JobError("runner: ray is not installed: pip install 'shardmill[ray]'") from None
    return ray


@contextmanager
def _connected(ray: Any, settings: RayRunnerConfig) -> Iterator[None]:
    """Connect to a Ray cluster, or start one here; use an existing connection and leave it open."""
    if ray.is_initialized():
        yield
        return
    address = settings.address or os.environ.get("RAY_ADDRESS") or "local"
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == "local":
        options["include_dashboard"] = False
    sigterm_handler = signal.getsignal(signal.SIGTERM)
    try:
        _check_reachable(address)
        ray.init(address=address, **options)
    except (OSError, ValueError) as error:
        raise JobError(
            f"runner.address: no Ray cluster at {address} ({type(error).__name__}): start one with "
            "`ray start --head`, or leave the address out; where one wants a token, set "
            "RAY_AUTH_MODE=token"
        ) from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, sigterm_handler)  # ray.init replaces the handler
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise OSError if nothing listens at host:port; Ray itself takes minutes to notice."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "//" not in host:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()


class _Metrics:
    """The counts of samples and units in Ray's own metrics."""

    def __init__(self, job: str) -> None:
        from ray.util.metrics import Counter, Gauge

        tags = ("job",)
        self._samples = Counter(
            "shardmill_samples", "Samples by status.", tag_keys=("job", "status")
        )
        self._reasons = Counter(
            "shardmill_reasons", "Samples not kept, by filter and reason.", ("job", "reason")
        )
        self._units = Counter("shardmill_units", "Units by status.", ("job", "status"))
        self._rate = Gauge("shardmill_images_per_second", "Since the run began.", tags)
        self._waited = Counter(
            "shardmill_engine_waited_seconds", "Seconds engines waited for blocks.", tags
        )
        self._job = {"job": job}
        self._read = 0
        self._started = time.monotonic()

    def add(self, report: UnitReport) -> None:
        counts = report.counts
        self._units.inc(1, {**self._job, "status": report.status})
        for status, number in counts.by_status().items():
            if number:
                self._samples.inc(number, {**self._job, "status": status})
        for reason, number in counts.reasons.items():
            self._reasons.inc(number, {**self._job, "reason": reason})
        if "wait" in report.stages and report.stages["wait"].seconds:
            self._waited.inc(report.stages["wait"].seconds, self._job)
        self._read += counts.read
        self._rate.set(self._read / max(time.monotonic() - self._started, 1e-9), self._job)
