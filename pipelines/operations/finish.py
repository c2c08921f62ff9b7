"""`shardmill finish`: closes an output by reading only its files, whichever run wrote them."""

from collections.abc import Callable

from pipelines.operations.evaluating.evaluate_job import (
    OnEvaluated,
    evaluate_job,
    recorded_evaluations,
)
from pipelines.operations.running.tally import RunTally
from pipelines.output.active_runs import find_active_runs
from pipelines.output.contents import read_contents
from pipelines.output.counts import CountsWriter
from pipelines.output.counts_merge import merge_counts
from pipelines.output.fingerprint import fingerprint_of
from pipelines.output.layout import Layout
from pipelines.output.manifest import record_of_manifest
from pipelines.output.output import Output, open_output
from pipelines.output.record import manifest_of
from pipelines.storage.storage import Storage
from schemas.report import Counts, Outcome, Summary


def finish(
    output: str,
    storage: Storage | None = None,
    *,
    on_evaluated: OnEvaluated = lambda _: None,
    on_warning: Callable[[str], None] = lambda _: None,
) -> Summary:
    """Write the summary of an output and, if every unit is committed, `_SUCCESS`.

    The evaluations that the recorded job wants are stored before. Raises JobError if the folder is
    no output, or a file in it is damaged.
    """
    opened = open_output(output, storage)
    evaluations = recorded_evaluations(opened)

    def evaluate(complete: Output) -> None:
        evaluate_job(complete, evaluations, on_evaluated, on_warning)

    return close_output(RunTally(opened.record), opened, evaluate)


def close_output(
    tally: RunTally, output: Output, on_complete: Callable[[Output], None] = lambda _: None
) -> Summary:
    """Write the summary of a run; mark a complete output with `_SUCCESS` and clean it up.

    `on_complete` is called just before the mark, so that another run calls it if this one dies.
    `_SUCCESS` of an incomplete output, or of one in which no sample is kept, is deleted.
    """
    storage, layout = output.storage, output.layout
    counted = CountsWriter(layout, storage, f"{tally.run}-end", fingerprint_of(output.record))
    summary = summarize(tally, output, counted.add)
    counted.flush()
    write_summary(summary, layout, storage)
    if summary.outcome in ("complete", "nothing_kept"):
        _clean_up(output, tally.run)
    if summary.outcome == "complete":
        on_complete(output)
        if not output.listing.has_success_file:
            storage.write_bytes(layout.success, b"")
        if storage.entry(layout.record(output.record_id.number + 1)):  # a run added units since
            return close_output(tally, open_output(layout.root, storage), on_complete)
    elif output.listing.has_success_file:  # else a run that has listed more files wrote it since
        storage.delete(layout.success)
    return summary


def _clean_up(output: Output, run: str) -> None:
    """Delete what nobody needs: temporary files, heartbeats, manifests of older records.

    The summary of the run must have been written just before. Many small objects with counts become
    few. With another run active, nothing is deleted, because it may be that run's.
    """
    listing, layout, storage = output.listing, output.layout, output.storage
    if find_active_runs(layout, listing.heartbeats, storage, written=layout.run(run)):
        return
    heartbeats = map(layout.heartbeat, listing.heartbeats)
    storage.delete_many((*listing.leftovers, *heartbeats, *_old_manifests(output)))
    merge_counts(layout, listing, fingerprint_of(output.record), storage, f"{run}-merged")


def _old_manifests(output: Output) -> list[str]:
    """Return the manifests that the newest record does not name, and that no later one can name.

    A run that plans meanwhile names its manifest after the number of its record, which is higher.
    """
    needed = (manifest_of(output.record), output.record["forgets"])
    return [
        output.layout.manifest(name)
        for name in output.listing.manifests
        if name not in needed and (record_of_manifest(name) or 0) <= output.record_id.number
    ]


def summarize(
    tally: RunTally, output: Output, on_unit: Callable[[str, int, Counts], None] = lambda *_: None
) -> Summary:
    """Summarize a run and the state of its output.

    `on_unit` gets the name, the stamp and the counts of each unit whose footers had to be read.
    """
    contents = read_contents(output, on_unit)
    failed = sorted(u for u in output.listing.failed if not contents.is_complete(u))
    outcome: Outcome = "failed" if failed else "partial"
    if contents.num_complete == len(output.units) and not contents.strangers:
        outcome = "complete" if contents.counts.kept else "nothing_kept"
    return tally.summary(
        outcome,
        output.units,
        contents.num_complete,
        failed=failed,
        counts=contents.counts,
        strangers=contents.strangers,
    )


def write_summary(summary: Summary, layout: Layout, storage: Storage) -> None:
    """Store a summary as `_shardmill/runs/<id>.record`."""
    storage.write_bytes(layout.run(summary.run), summary.model_dump_json(indent=1).encode())
