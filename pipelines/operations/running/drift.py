"""Watches the answers of a run for drift: warns, stops the run if asked to, and keeps a record."""

import time
from contextlib import suppress

from pipelines.config.drift import DriftSettings
from pipelines.drift.detector import Change, TaskWatch, limit_of_p
from pipelines.drift.records import (
    MAX_CHANGES,
    DriftRecord,
    first_units,
    read_record,
    run_records,
    write_record,
)
from pipelines.logs.log import log
from pipelines.planning.plan import Plan
from pipelines.storage.storage import Storage
from schemas.answer_statistics import AnswerStatistics
from schemas.errors import AnswersDrifted
from schemas.report import UnitReport

_WRITE_SECONDS = (
    60.0  # between two records of a run, except after changes and while first units come
)
_SHARES = {
    "empty": "{:.1%} of the answers are empty",
    "refusals": "{:.1%} of the texts decline to answer",
    "repetitive": "{:.1%} of the texts are repetitive",
    "other_language": "{:.1%} of the texts are in another language than most",
    "length": "an answer has {:.1f} tokens on average",
}


class DriftWatch:
    """Compares the answers of a run with those of the first units, if the job has `drift`."""

    def __init__(self, planned: Plan, run: str, storage: Storage) -> None:
        """Go on from what the last run of the output knew."""
        job = planned.work.job
        self._settings = job.drift or DriftSettings()
        self._layout, self._storage, self._run = planned.work.layout, storage, run
        self._changes: list[Change] = []
        self._written = 0.0
        self._tasks: dict[str, TaskWatch] = {}
        if job.drift is not None:
            limit = limit_of_p(job.drift, len(planned.units), len(job.tasks))
            before = self._last_record(planned)
            self._tasks = {name: self._watch(name, before, limit) for name in job.tasks}

    def add(self, report: UnitReport) -> None:
        """Add the answers of a unit, and warn of changes.

        Raises AnswersDrifted if the job stops at a change.
        """
        for name, statistics in report.answers.items():
            if (watch := self._tasks.get(name)) is not None:
                self._add(watch, report.unit, statistics)

    def close(self) -> None:
        """Write the record of the run."""
        if any(watch.first or watch.waiting.answers for watch in self._tasks.values()):
            with suppress(OSError):  # the storage may be what failed; the run's own error is told
                self._write()

    def _last_record(self, planned: Plan) -> DriftRecord:
        """Return what the last run knew."""
        names = run_records(planned.listing.drift)
        if not names:
            return DriftRecord()
        return read_record(self._layout, self._storage, names[-1])

    def _watch(self, task: str, before: DriftRecord, limit: float) -> TaskWatch:
        first = first_units(self._layout, self._storage, task)
        return TaskWatch(
            task,
            self._settings,
            limit,
            first=list(before.first.get(task, ()) if first is None else first),
            last=list(before.last.get(task, ())),
            waiting=before.waiting.get(task, AnswerStatistics()),
            changed=set(before.changed.get(task, ())),
        )

    def _add(self, watch: TaskWatch, unit: str, statistics: AnswerStatistics) -> None:
        was_ready = watch.is_ready
        changes = watch.add(unit, statistics)
        if watch.is_ready and not was_ready:
            own = tuple(watch.first)
            watch.first = list(first_units(self._layout, self._storage, watch.task, own) or own)
        self._changes = [*self._changes, *changes][-MAX_CHANGES:]
        if changes or not watch.is_ready or time.monotonic() - self._written > _WRITE_SECONDS:
            self._write()
        for change in changes:
            _warn(change, self._settings)
        if changes and self._settings.stop:
            raise AnswersDrifted(
                f"{said(changes[0], self._settings)}: look at them with `shardmill inspect "
                f"{self._layout.root}`; run again to go on, without drift.stop if that is right"
            )

    def _write(self) -> None:
        tasks = self._tasks.items()
        record = DriftRecord(
            first={name: tuple(each.first) for name, each in tasks if not each.is_ready},
            last={name: tuple(each.last) for name, each in tasks},
            waiting={name: each.waiting for name, each in tasks},
            changed={name: tuple(sorted(each.changed)) for name, each in tasks if each.changed},
            changes=tuple(self._changes),
        )
        write_record(self._layout, self._storage, self._run, record)
        self._written = time.monotonic()


def said(change: Change, settings: DriftSettings | None = None) -> str:
    """Write a change in a line for people."""
    what = _SHARES[change.characteristic].format(change.now)
    before = f"{change.first:.1f}" if change.characteristic == "length" else f"{change.first:.1%}"
    units = f"the {settings.units} first units" if settings else "the first units"
    return f"{change.task}: {what} up to {change.unit}, and {before} in {units}"


def _warn(change: Change, settings: DriftSettings) -> None:
    values = change.model_dump()
    log(
        "answers_changed",
        f"drift: {said(change, settings)}",
        **{name: values[name] for name in ("task", "characteristic", "unit")},
        first=round(change.first, 6),
        now=round(change.now, 6),
        units=change.units,
        p_value=change.p_value,
    )
