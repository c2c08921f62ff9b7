"""`shardmill finish`: closes an output by reading only its files, whichever run wrote them."""

from pipelines.operations.tally import RunTally
from pipelines.output.contents import read_contents
from pipelines.output.heartbeat import find_active_runs
from pipelines.output.layout import Layout
from pipelines.output.output import Output, open_output
from pipelines.storage.storage import Storage
from schemas.report import Outcome, Summary


def finish(output: str, storage: Storage | None = None) -> Summary:
    """Write the summary of an output and, if every unit is committed, `_SUCCESS`.

    Raises JobError if the folder is no output, or a file in it is damaged.
    """
    opened = open_output(output, storage)
    return close_output(RunTally(opened.record), opened)


def close_output(tally: RunTally, output: Output) -> Summary:
    """Write the summary of a run; mark a complete output with `_SUCCESS` and clean it up.

    `_SUCCESS` of an incomplete output is deleted.
    """
    storage, layout, listing = output.storage, output.layout, output.listing
    summary = summarize(tally, output)
    write_summary(summary, layout, storage)
    if summary.outcome == "complete":
        # With another run active, temporary files may be that run's: none is deleted then.
        if not find_active_runs(layout, listing.heartbeats, storage):
            for path in (*listing.leftovers, *map(layout.heartbeat, listing.heartbeats)):
                storage.delete(path)
        storage.write_bytes(layout.success, b"")
    else:
        storage.delete(layout.success)
    return summary


def summarize(tally: RunTally, output: Output) -> Summary:
    """Summarize a run and the state of its output; reads the footers of all committed files."""
    contents = read_contents(output)
    failed = sorted(output.listing.failed - contents.complete)
    outcome: Outcome = "failed" if failed else "partial"
    if len(contents.complete) == len(output.units) and not contents.strangers:
        outcome = "complete"
    return tally.summary(
        outcome,
        len(output.units),
        len(contents.complete),
        failed=failed,
        counts=contents.counts,
        strangers=contents.strangers,
    )


def write_summary(summary: Summary, layout: Layout, storage: Storage) -> None:
    """Store a summary as `_shardmill/runs/<id>.json`."""
    storage.write_bytes(layout.run(summary.run), summary.model_dump_json(indent=1).encode())
