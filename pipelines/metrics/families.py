"""The metrics of a run: their names, kinds, labels and meanings, and their present values."""

import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Literal, NamedTuple

from pipelines.claims.claim_counts import CLAIM_RESULTS
from pipelines.metrics.run_metrics import UNIT_RESULTS, RunMetrics
from schemas.sample_status import SAMPLE_STATUSES

MAX_REASONS = 100  # label values; the samples of further ones are counted as `other`
STAGES = 30  # likewise

Value = tuple[tuple[str, ...], float]  # values of the labels, and the number


class Family(NamedTuple):
    """A metric, for all values of its labels; a counter begins with 0 in each run."""

    name: str  # without the prefix, and without the _total that Prometheus adds to counters
    kind: Literal["counter", "gauge"]
    labels: tuple[str, ...]
    meaning: str
    values: Callable[[RunMetrics], Iterator[Value]]


def _one(read: Callable[[RunMetrics], float | None]) -> Callable[[RunMetrics], Iterator[Value]]:
    """Return a function that yields the value of a metric without labels, unless it is unknown."""

    def values(metrics: RunMetrics) -> Iterator[Value]:
        number = read(metrics)
        if number is not None:
            yield (), number

    return values


def _info(metrics: RunMetrics) -> Iterator[Value]:
    if metrics.run:
        yield (metrics.run, version("shardmill")), 1


def _outcome(metrics: RunMetrics) -> Iterator[Value]:
    if metrics.outcome:
        yield (metrics.outcome,), 1


def _samples(metrics: RunMetrics) -> Iterator[Value]:
    for status in SAMPLE_STATUSES:
        yield (status,), metrics.samples[status]


def _reasons(metrics: RunMetrics) -> Iterator[Value]:
    # The first ones stay the same while a run goes on: a series must not vanish.
    names = list(metrics.reasons)
    for name in names[:MAX_REASONS]:
        filter_name, _, reason = name.partition("/")
        yield (filter_name, reason), metrics.reasons[name]
    if len(names) > MAX_REASONS:
        yield ("other", "other"), sum(metrics.reasons[name] for name in names[MAX_REASONS:])


def _units(metrics: RunMetrics) -> Iterator[Value]:
    for result in UNIT_RESULTS:
        yield (result,), metrics.units[result]


def _claims(metrics: RunMetrics) -> Iterator[Value]:
    for result in CLAIM_RESULTS:
        yield (result,), metrics.claims.results[result]


def _stages(metrics: RunMetrics) -> Iterator[Value]:
    for name, seconds in list(metrics.stage_seconds.items())[:STAGES]:
        yield (name,), seconds


def _requests(metrics: RunMetrics) -> Iterator[Value]:
    for kind in ("get", "put", "list", "delete"):
        yield (kind,), getattr(metrics.storage, f"{kind}_requests")


def _bytes(metrics: RunMetrics) -> Iterator[Value]:
    yield ("read",), metrics.storage.bytes_read
    yield ("written",), metrics.storage.bytes_written


FAMILIES: tuple[Family, ...] = (
    Family("run_info", "gauge", ("run", "version"), "1 for the present run.", _info),
    Family(
        "run_active",
        "gauge",
        (),
        "1 while the run is at work, 0 after its end.",
        _one(lambda metrics: not metrics.outcome),
    ),
    Family(
        "run_outcome", "gauge", ("outcome",), "1 for the outcome of a run that ended.", _outcome
    ),
    Family(
        "run_start_time_seconds",
        "gauge",
        (),
        "The begin of the run, in seconds since 1970.",
        _one(lambda metrics: metrics.started),
    ),
    Family(
        "updated_time_seconds",
        "gauge",
        (),
        "When these numbers were written, in seconds since 1970.",
        _one(lambda _: time.time()),
    ),
    Family("samples", "counter", ("status",), "Samples of reported units, by status.", _samples),
    Family(
        "rejected_samples",
        "counter",
        ("filter", "reason"),
        "Samples that were not kept, by filter and reason; filter is invalid if none decided.",
        _reasons,
    ),
    Family(
        "samples_done",
        "gauge",
        (),
        "Samples that this run has done, those of units at work included.",
        _one(lambda metrics: metrics.samples_done),
    ),
    Family("units", "counter", ("result",), "Units that this run ended, by result.", _units),
    Family(
        "unit_retries",
        "counter",
        (),
        "Units that ended after more than one attempt.",
        _one(lambda metrics: metrics.retries),
    ),
    Family(
        "claims",
        "counter",
        ("result",),
        "Claims on units that ended: new, again after an earlier attempt, or refused.",
        _claims,
    ),
    Family(
        "claims_held",
        "gauge",
        (),
        "Units that this run holds by claims now.",
        _one(lambda metrics: len(metrics.claims.held)),
    ),
    Family(
        "claims_elsewhere",
        "gauge",
        (),
        "Units that other runs have claimed, as far as this run knows.",
        _one(lambda metrics: metrics.claims.elsewhere),
    ),
    Family(
        "other_runs",
        "gauge",
        (),
        "Other runs of the output that seem to be alive.",
        _one(lambda metrics: metrics.claims.other_runs),
    ),
    Family("job_units", "gauge", (), "Units of the job.", _one(lambda m: m.units_total)),
    Family(
        "job_units_done",
        "gauge",
        (),
        "Units that are committed, in this run and before.",
        _one(lambda metrics: metrics.units_done),
    ),
    Family("job_bytes", "gauge", (), "The size of all units.", _one(lambda m: m.bytes_total)),
    Family(
        "job_bytes_done",
        "gauge",
        (),
        "The size of what is done of the units.",
        _one(lambda metrics: metrics.bytes_done),
    ),
    Family(
        "images_per_second",
        "gauge",
        (),
        "Samples that all workers did per second of the wall clock, over five minutes.",
        _one(lambda metrics: metrics.images_per_second),
    ),
    Family(
        "seconds_left",
        "gauge",
        (),
        "Seconds to the end of the run at its mean speed; missing while unknown.",
        _one(lambda metrics: metrics.seconds_left),
    ),
    Family(
        "worker_seconds",
        "counter",
        (),
        "Seconds that workers spent on reported units.",
        _one(lambda metrics: metrics.worker_seconds),
    ),
    Family(
        "engine_wait_ratio",
        "gauge",
        (),
        "The share of the workers' time in which the engine waited for blocks.",
        _one(lambda metrics: metrics.engine_wait_share),
    ),
    Family(
        "stage_seconds", "counter", ("stage",), "Busy seconds of each stage, all threads.", _stages
    ),
    Family("storage_requests", "counter", ("kind",), "Requests to object stores.", _requests),
    Family(
        "storage_retries",
        "counter",
        (),
        "Requests to object stores that were sent again.",
        _one(lambda metrics: metrics.storage.retries),
    ),
    Family(
        "storage_bytes", "counter", ("direction",), "Bytes read from and written to stores.", _bytes
    ),
    Family(
        "storage_wait_seconds",
        "counter",
        (),
        "Seconds before retries, and those by which requests were delayed for a busy store.",
        _one(lambda metrics: metrics.storage.seconds_waited),
    ),
)


def read_family(family: Family, metrics: RunMetrics) -> list[Value]:
    """Return the present values of a metric."""
    with metrics.lock:
        return list(family.values(metrics))


def common_labels(metrics: RunMetrics, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels that all metrics have: the job's name, and those of the settings."""
    return {"job_name": metrics.job, **labels}


def series_names() -> set[str]:
    """Return the names of all series, as Prometheus stores them."""
    return {
        f"shardmill_{family.name}{'_total' if family.kind == 'counter' else ''}"
        for family in FAMILIES
    }
