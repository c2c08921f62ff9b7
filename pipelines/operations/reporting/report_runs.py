"""Adds up what all runs of an output recorded: their time, their speed and their stages."""

from pydantic import ValidationError

from pipelines.operations.price import HourlyPrice
from pipelines.operations.reporting.report_costs import CostTally
from pipelines.output.output import Output
from pipelines.report.report import RunLine, RunsReport
from pipelines.storage.concurrent_reads import read_concurrently
from schemas.regular_file import NotRegularFile
from schemas.report import Stage, Summary, add_stages, worker_speed
from schemas.storage_counts import StorageCounts, add_storage

_LAST = 10  # runs that have a line of their own
_MAX_SALVAGED = 20


def report_runs(output: Output, price: HourlyPrice | None = None) -> RunsReport:
    """Add up the summaries of runs; a record that cannot be read is counted and left out.

    With the price of a worker for an hour, the report has the price of the workers' time.
    """

    def read(run: str) -> Summary | None:
        try:
            content = output.storage.read_bytes(output.layout.run(run))
            return Summary.model_validate_json(content)
        except (FileNotFoundError, NotRegularFile, ValidationError):
            return None

    number = unreadable = samples = 0
    seconds = worker_seconds = 0.0
    stages: dict[str, Stage] = {}
    storage: StorageCounts | None = None
    salvaged: set[str] = set()
    versions: set[str] = set()
    last: list[RunLine] = []
    costs = CostTally()
    for summary in read_concurrently(read, output.listing.runs):
        if summary is None:
            unreadable += 1
            continue
        number += 1
        costs.add(summary)
        samples += summary.counts_here.read
        seconds += summary.seconds_here
        worker_seconds += summary.worker_seconds_here
        stages = add_stages(stages, summary.stages_here)
        storage = add_storage(storage, summary.storage_here)
        salvaged = set(sorted({*salvaged, *summary.salvaged_here})[:_MAX_SALVAGED])
        versions.add(summary.shardmill)
        last = [*last, _line(summary)][-_LAST:]
    return RunsReport(
        number=number,
        unreadable=unreadable,
        shardmill=tuple(sorted(versions)),
        samples=samples,
        seconds=round(seconds, 1),
        worker_seconds=round(worker_seconds, 1),
        samples_per_second=worker_speed(samples, worker_seconds),
        stages=stages,
        storage=storage,
        costs=costs.costs(price),
        salvaged=tuple(sorted(salvaged)),
        last=tuple(last),
    )


def _line(summary: Summary) -> RunLine:
    return RunLine(
        run=summary.run,
        ended=summary.ended,
        outcome=summary.outcome,
        units=summary.units_here,
        samples=summary.counts_here.read,
        seconds=summary.seconds_here,
        samples_per_second=summary.samples_per_second_here,
    )
