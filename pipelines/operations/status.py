"""`shardmill status`: the state of an output from its listing and the footers of its files."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
import numpy.typing as npt

from pipelines.drift.detector import Change
from pipelines.drift.records import MAX_CHANGES, read_record, run_records
from pipelines.output.active_runs import find_active_runs
from pipelines.output.contents import read_contents
from pipelines.output.heartbeat import HeartbeatRecord
from pipelines.output.output import Output, open_output
from pipelines.planning.grown_input import find_growth
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen
from schemas.report import Counts, Summary, UnitReport
from schemas.units import count_shards

_MAX_FAILURES = 20  # reports of failed units that are read
_MAX_RECORDS = 5  # of runs, about drift


class RunAtWork(Frozen):
    """A run that seems to be at work on the output."""

    run: str
    """The name of the run."""
    host: str
    """The name of the machine on which its driver works."""
    since: datetime
    """The start of the run in UTC."""
    units: tuple[str, ...] = ()
    """The names of the units in work, a hundred at most, as of the last sign of life."""
    committed: int = 0
    """The units that the run has committed."""
    samples_per_second: float = 0.0
    """The samples that the run has committed, by the seconds since it began its first unit."""


class OutputStatus(Frozen):
    """The number of an output's units in each state."""

    output: str
    """The folder of the output."""
    job: str
    """The name of the job."""
    complete: bool
    """Whether every unit is committed and `_SUCCESS` exists."""
    units: int
    """The units of the job: its shards, or the pieces in which large shards are run."""
    shards: int
    """The shards of the job."""
    committed: int
    """The units that are committed as a whole."""
    in_parts: int
    """The units of which some parts are committed, but not the last."""
    failed: int
    """The units that were reported failed and not committed since."""
    interrupted: int
    """The units that were begun and neither committed nor failed.

    A worker has such a unit in work, or died.
    """
    strangers: tuple[str, ...] = ()
    """The Parquet files that the job did not write."""
    waiting: int | None = 0
    """The new shards that wait until a run adds them; null if no shard is found from here."""
    missing: tuple[str, ...] = ()
    """The shards that are gone."""
    at_work: tuple[RunAtWork, ...] = ()
    """The runs that seem to be at work, oldest first."""
    samples_per_second: float = 0.0
    """The speed of all these runs together."""
    bytes_left: int = 0
    """The bytes of the shards that are not committed whole."""
    hours_left: float | None = None
    """The hours that these runs need for the rest, by the bytes of shards; null if unknown."""
    counts: Counts = Counts()
    """The samples of the committed rows."""
    failures: tuple[UnitReport, ...] = ()
    """The reports of the first failed units, by name; at most 20."""
    changes: tuple[Change, ...] = ()
    """The last changes of answers that runs have warned of, the oldest first; at most 20."""
    last_run: Summary | None = None
    """The summary of the run that ended last; null if no run has ended."""


def status(
    output: str,
    storage: Storage | None = None,
    on_notice: Callable[[str], None] = lambda _: None,
) -> OutputStatus:
    """Count the units of an output by their state; raise JobError if the folder is no output.

    `on_notice` gets a line for people if this waits for signs of life of runs.
    """
    opened = open_output(output, storage)
    layout, listing = opened.layout, opened.listing
    contents = read_contents(opened)
    failed = sorted(unit for unit in listing.failed if not contents.is_complete(unit))
    growth = find_growth(opened)
    at_work, hours_left = _at_work(opened, contents.complete, on_notice)
    return OutputStatus(
        output=layout.root,
        job=opened.record["name"],
        complete=listing.has_success_file
        and contents.num_complete == len(opened.units)
        and not contents.strangers,
        units=len(opened.units),
        shards=count_shards(opened.units),
        committed=contents.num_complete,
        in_parts=int(((listing.parts > 0) & ~listing.complete).sum()),
        failed=len(failed),
        interrupted=sum(
            not contents.is_complete(unit) for unit in listing.attempts.keys() - listing.failed
        ),
        strangers=contents.strangers,
        waiting=growth.waiting if growth else None,
        missing=growth.missing if growth else (),
        at_work=at_work,
        samples_per_second=round(sum(run.samples_per_second for run in at_work), 1),
        bytes_left=int(opened.units.sizes()[~contents.complete].sum()),
        hours_left=hours_left,
        counts=contents.counts,
        failures=tuple(
            UnitReport.model_validate_json(opened.storage.read_bytes(layout.failed(name)))
            for name in failed[:_MAX_FAILURES]
        ),
        changes=recent_changes(opened),
        last_run=_last_run(opened),
    )


def _at_work(
    output: Output, complete: npt.NDArray[np.bool_], on_notice: Callable[[str], None]
) -> tuple[tuple[RunAtWork, ...], float | None]:
    """Return the runs at work, and the hours that they need for what is not complete."""
    heartbeats = output.listing.heartbeats
    active = find_active_runs(output.layout, heartbeats, output.storage, on_watch=on_notice)
    speed = sum(run.work.bytes / run.work.seconds for run in active if run.work.seconds)
    left = int(output.units.sizes()[~complete].sum())
    runs = tuple(map(run_at_work, active))
    return runs, round(left / speed / 3600, 3) if speed else None


def run_at_work(run: HeartbeatRecord) -> RunAtWork:
    """Return what the sign of life of a run tells."""
    return RunAtWork(
        run=run.run,
        host=run.host,
        since=run.since,
        units=run.work.units,
        committed=run.work.committed,
        samples_per_second=round(run.work.samples / max(run.work.seconds, 1e-3), 1),
    )


def recent_changes(output: Output) -> tuple[Change, ...]:
    """Return what the records of the last runs say about drift, the oldest first."""
    runs = run_records(output.listing.drift)[-_MAX_RECORDS:]
    records = (read_record(output.layout, output.storage, run) for run in runs)
    return tuple(change for record in records for change in record.changes)[-MAX_CHANGES:]


def _last_run(output: Output) -> Summary | None:
    if not output.listing.last_run:
        return None
    path = output.layout.run(output.listing.last_run)
    return Summary.model_validate_json(output.storage.read_bytes(path))
