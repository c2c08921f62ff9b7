"""A run from its plan to its summary, and closing an output whoever did the work."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial, reduce
from importlib.metadata import version
from operator import add
from typing import Any

from pipelines.config.job import Job
from pipelines.output.heartbeat import Heartbeat, others_at_work
from pipelines.output.layout import Layout
from pipelines.output.output import Output, open_output
from pipelines.output.parquet_writer import read_counts
from pipelines.planning.fingerprint import fingerprint_of
from pipelines.planning.plan import Plan, begin, plan
from pipelines.runners.runner import RUNNERS
from pipelines.storage.resolve import storage_for
from pipelines.storage.storage import Storage
from schemas.errors import TooManyErrors, WorkerFault
from schemas.report import (
    Counts,
    Histograms,
    OnProgress,
    Outcome,
    Stage,
    Summary,
    UnitReport,
    add_histograms,
    add_stages,
)
from schemas.sample import Unit

OnReport = Callable[[UnitReport], None]

_FOOTERS_AT_ONCE = 16
_ENDINGS: Mapping[type[BaseException], Outcome] = {
    KeyboardInterrupt: "interrupted",
    TooManyErrors: "stopped",
    WorkerFault: "worker_fault",
}
_SAMPLES_JUDGED = 1000  # before that the share of bad ones says little ...
_UNITS_JUDGED = 10  # ... and likewise of units


def run(
    job: Job,
    *,
    limit_units: int | None = None,
    choose: Callable[[Plan], tuple[Unit, ...]] = lambda plan: plan.pending,
    storage: Storage | None = None,
    on_plan: Callable[[Plan], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
    on_report: OnReport = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Do what is missing of a job, or as much of it as is chosen, and say where its output stands.

    Units that fail are reported in the summary. Raises JobError where the job is wrong, WorkerFault
    where this machine is, TooManyErrors where the data are; interruptions pass through. Whatever
    ends a run, the next one goes on.
    """
    storage = storage or storage_for(job.output)
    planned = plan(job, storage)
    on_plan(planned)
    layout = planned.work.layout
    tally = _Tally(planned.work.record)
    if not planned.pending and planned.contents.closed:  # nothing to do: nothing is written
        return _survey(tally, open_output(layout.root, storage))
    if planned.is_new:
        begin(planned, storage)
    for other in others_at_work(layout, planned.contents.heartbeats, storage):
        on_warning(
            f"another run seems to be at work since {other.since:%Y-%m-%d %H:%M} UTC, on "
            f"{other.host}: two do no harm, but work twice"
        )
    if planned.pending:
        storage.delete(layout.success)
    with Heartbeat(layout.heartbeat(tally.run), storage):
        try:
            runner = RUNNERS[job.runner.kind]
            units = choose(planned)[:limit_units]
            with closing(runner(planned, units, storage, on_progress)) as reports:
                for report in reports:
                    tally.add(report)
                    on_report(report)
                    tally.check(job.max_error_rate)
        except (KeyboardInterrupt, TooManyErrors, WorkerFault) as error:
            outcome = next(name for kind, name in _ENDINGS.items() if isinstance(error, kind))
            committed = len(planned.units) - len(planned.pending) + tally.units
            _write(tally.summary(outcome, len(planned.units), committed), layout, storage)
            raise
    return _close(tally, open_output(layout.root, storage))


def finish(output: str, storage: Storage | None = None) -> Summary:
    """Close an output from its files alone, whoever wrote them: summary and `_SUCCESS`."""
    opened = open_output(output, storage)
    return _close(_Tally(opened.record), opened)


class _Tally:
    """What one run has done so far."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record
        self._started = datetime.now(UTC)
        self.run = f"{self._started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self._stages: dict[str, Stage] = {}
        self._counts = Counts()
        self._scores: Histograms = {}
        self._salvaged: list[str] = []
        self._failed = 0
        self.units = 0  # committed

    def add(self, report: UnitReport) -> None:
        self.units += report.status == "committed"
        self._failed += report.status == "failed"
        if report.status == "committed" and report.error:
            self._salvaged.append(report.unit)
        self._counts += report.counts
        self._scores = add_histograms(self._scores, report.scores)
        self._stages = add_stages(self._stages, report.stages)

    def check(self, most: float) -> None:
        """TooManyErrors where more than that share of samples is invalid, or of units failed."""
        samples, units = self._counts.read, self.units + self._failed
        if samples >= _SAMPLES_JUDGED and self._counts.invalid > most * samples:
            raise TooManyErrors(
                f"{self._counts.invalid} of {samples} samples are invalid, more than "
                f"max_error_rate = {most:g}: look at them with `shardmill inspect OUTPUT --status "
                "invalid`, then mend the job or the data, or raise max_error_rate"
            )
        if units >= _UNITS_JUDGED and self._failed > most * units:
            raise TooManyErrors(
                f"{self._failed} of {units} units failed, more than max_error_rate = {most:g}: "
                "`shardmill status OUTPUT` says why; mend the data, or raise max_error_rate"
            )

    def summary(
        self,
        outcome: Outcome,
        total: int,
        committed: int,
        failed: Sequence[str] = (),
        counts: Counts | None = None,
    ) -> Summary:
        ended = datetime.now(UTC)
        return Summary(
            run=self.run,
            job=self._record["name"],
            shardmill=version("shardmill"),
            fingerprint=fingerprint_of(self._record),
            started=self._started.isoformat(timespec="seconds"),
            ended=ended.isoformat(timespec="seconds"),
            outcome=outcome,
            rules=self._record["resolved"].get("rules", {}),
            images_judged=self._record["resolved"].get("images_judged", False),
            units_total=total,
            units_committed=committed,
            failed=tuple(failed),
            units_here=self.units,
            salvaged_here=tuple(self._salvaged),
            counts_here=self._counts,
            scores_here=self._scores,
            stages_here=self._stages,
            seconds_here=round((ended - self._started).total_seconds(), 3),
            counts=counts,
        )


def _close(tally: _Tally, opened: Output) -> Summary:
    """Write the summary; where every unit is committed, clear up and set `_SUCCESS`."""
    storage, layout = opened.storage, opened.layout
    summary = _survey(tally, opened)
    _write(summary, layout, storage)
    if summary.outcome == "complete":
        heartbeats = opened.contents.heartbeats
        # Temporary files may be those of a run that is at work beside this one.
        if not others_at_work(layout, heartbeats, storage):
            for path in (*opened.contents.leftovers, *map(layout.heartbeat, heartbeats)):
                storage.delete(path)
        storage.write_bytes(layout.success, b"")
    else:
        storage.delete(layout.success)
    return summary


def _survey(tally: _Tally, opened: Output) -> Summary:
    """Where an output stands, by its manifest, a listing and the footers."""
    complete = opened.contents.complete
    failed = sorted(opened.contents.failed - complete)
    progress_by_unit = opened.contents.progress_by_unit.values()
    files = [
        opened.layout.file(name)
        for unit_progress in progress_by_unit
        for name in unit_progress.files
    ]
    with ThreadPoolExecutor(_FOOTERS_AT_ONCE) as pool:
        counts = reduce(add, pool.map(partial(read_counts, opened.storage), files), Counts())
    outcome: Outcome = "failed" if failed else "partial"
    if len(complete) == len(opened.units):
        outcome = "complete"
    return tally.summary(outcome, len(opened.units), len(complete), failed, counts)


def _write(summary: Summary, layout: Layout, storage: Storage) -> None:
    storage.write_bytes(layout.run(summary.run), summary.model_dump_json(indent=1).encode())
