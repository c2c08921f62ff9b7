"""`shardmill status`: the state of an output from its listing and the footers of its files."""

from pipelines.output.contents import read_contents
from pipelines.output.output import Output, open_output
from pipelines.planning.grown_input import find_growth
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen
from schemas.report import Counts, Summary, UnitReport
from schemas.units import count_shards

_MAX_FAILURES = 20  # reports of failed units that are read


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
    counts: Counts = Counts()
    """The samples of the committed rows."""
    failures: tuple[UnitReport, ...] = ()
    """The reports of the first failed units, by name; at most 20."""
    last_run: Summary | None = None
    """The summary of the last run; null if no run has ended."""


def status(output: str, storage: Storage | None = None) -> OutputStatus:
    """Count the units of an output by their state; raise JobError if the folder is no output."""
    opened = open_output(output, storage)
    layout, listing = opened.layout, opened.listing
    contents = read_contents(opened)
    failed = sorted(unit for unit in listing.failed if not contents.is_complete(unit))
    growth = find_growth(opened)
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
        counts=contents.counts,
        failures=tuple(
            UnitReport.model_validate_json(opened.storage.read_bytes(layout.failed(name)))
            for name in failed[:_MAX_FAILURES]
        ),
        last_run=_last_run(opened),
    )


def _last_run(output: Output) -> Summary | None:
    if not output.listing.runs:
        return None
    path = output.layout.run(output.listing.runs[-1])
    return Summary.model_validate_json(output.storage.read_bytes(path))
