"""Reports about the work: progress of a unit, a report per unit, a summary per run."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Self

from pydantic import Field, model_validator

from schemas.answer_statistics import AnswerStatistics
from schemas.frozen import Frozen
from schemas.sample_status import SAMPLE_STATUSES, SampleStatus
from schemas.storage_counts import StorageCounts
from schemas.sums import add_fields, add_numbers

# nothing_kept: every unit is committed, and no sample of them is kept.
Outcome = Literal[
    "complete", "nothing_kept", "partial", "failed", "stopped", "interrupted", "worker_fault"
]


class Progress(NamedTuple):
    """How much of a unit is done; sent after each block."""

    unit: str
    samples: int  # preprocessed and, if the job has tasks, answered
    bytes_read: int  # of the shard as it is stored


OnProgress = Callable[[Progress], None]


class FilterCounts(Frozen):
    """The samples that one filter saw, and what it did to them.

    The next filter sees `seen` - `dropped` - `quarantined` - `invalid_after` samples; with
    `evaluate: all` it also sees samples that this filter rejected.
    """

    name: str
    """The name of the filter in rows and reports."""
    seen: int = 0
    """The samples that reached the filter."""
    dropped: int = 0
    """The samples that the filter dropped."""
    quarantined: int = 0
    """The samples that the filter put aside for a person to look at."""
    redacted: int = 0
    """The samples in whose texts the filter replaced something."""
    invalid_after: int = 0
    """The samples whose image could not be read between this filter and the next."""

    def __add__(self, other: "FilterCounts") -> "FilterCounts":
        return FilterCounts(name=self.name, **add_fields(self, other, but=["name"]))


def _add_filters(
    left: tuple[FilterCounts, ...], right: tuple[FilterCounts, ...]
) -> tuple[FilterCounts, ...]:
    """Add the counts of each filter; filters keep the order in which they ran."""
    sums = {each.name: each for each in left}
    for each in right:
        sums[each.name] = sums[each.name] + each if each.name in sums else each
    return tuple(sums.values())


class Counts(Frozen):
    """The samples of a file, a unit or an output by status; every sample is counted once."""

    read: int = 0
    """The samples read, which are those of all statuses together."""
    kept: int = 0
    """The samples that were kept."""
    dropped: int = 0
    """The samples that a filter dropped."""
    quarantined: int = 0
    """The samples that a filter put aside for a person to look at."""
    invalid: int = 0
    """The samples that could not be read."""
    reasons: Mapping[str, int] = {}
    """The samples of each `filter/reason`, sorted by name like every mapping here."""
    filters: tuple[FilterCounts, ...] = ()
    """The samples that each filter on samples saw and rejected, in the order of the filters' runs.

    The first filter sees the samples that could be read and that no earlier output rejected.
    """
    languages: Mapping[str, int] = {}
    """The samples of each `language/status`, by the language of the source text."""
    redactions: Mapping[str, int] = {}
    """The matches replaced in texts, by infotype."""
    answers: Mapping[str, int] = {}
    """The answers withheld, by `task/filter/reason`."""
    carried: Mapping[str, int] = {}
    """The rows in which a carried column is not null, by column."""
    left_out: int = 0
    """The members that macOS added to tars, which belong to no sample."""
    truncated: int = 0
    """The kept samples whose image file ends early, with `input.truncated: accept`."""

    @model_validator(mode="after")
    def _accounted(self) -> Self:
        if sum(self.by_status().values()) != self.read:
            raise ValueError("kept + dropped + quarantined + invalid must equal read")
        return self

    def by_status(self) -> dict[SampleStatus, int]:
        """Return the samples of each status, in the order of SAMPLE_STATUSES."""
        return {status: getattr(self, status) for status in SAMPLE_STATUSES}

    def null_columns(self) -> list[str]:
        """Return the carried columns that are null in every kept row; none if no row is kept."""
        return [name for name, number in self.carried.items() if self.kept and not number]

    def __add__(self, other: "Counts") -> "Counts":
        filters = _add_filters(self.filters, other.filters)
        return Counts(filters=filters, **add_fields(self, other, but=["filters"]))


class Stage(Frozen):
    """The items that a stage of the pass handled, and its busy time summed over all threads."""

    items: int = 0
    """The items that the stage handled."""
    seconds: float = 0.0
    """The busy time of the stage in seconds, summed over all threads."""

    def __add__(self, other: "Stage") -> "Stage":
        seconds = round(self.seconds + other.seconds, 4)
        return Stage(items=self.items + other.items, seconds=seconds)


Histograms = Mapping[str, Mapping[str, int]]  # score -> lower edge of a bin -> samples


class UnitReport(Frozen):
    """The result of one attempt at a unit; counts and scores cover the rows that it committed."""

    unit: str
    """The name of the unit."""
    status: Literal["committed", "failed"]
    """Whether the attempt committed the unit or failed."""
    attempt: int = 1
    """The number of the attempt, beginning with 1."""
    files: tuple[str, ...] = ()
    """The files that this attempt committed."""
    versions: tuple[str, ...] = ()
    """The version of each of these files, as a listing of the output gives it."""
    counts: Counts = Counts()
    """The samples in the rows that this attempt committed."""
    scores: Mapping[str, Mapping[str, int]] = {}
    """The histogram of each score: lower edge of a bin -> samples."""
    stages: Mapping[str, Stage] = {}
    """The items and busy time of each stage of the pass."""
    answers: Mapping[str, AnswerStatistics] = Field({}, exclude_if=lambda tasks: not tasks)
    """The statistics of each task's answers in these rows; missing without `drift` in the job."""
    costs: Mapping[str, Stage] = Field({}, exclude_if=lambda costs: not costs)
    """The items and busy time of each `task NAME` and `filter NAME`; missing if there were none."""
    cpu_seconds: float = 0.0
    """The seconds of CPUs that the worker's process took, all threads together."""
    gpu_seconds: float = 0.0
    """The seconds in which the engine computed on GPUs, times their number."""
    joules: float | None = Field(None, exclude_if=lambda joules: joules is None)
    """The energy that the worker's GPUs took, all their processes together; missing if unknown."""
    seconds: float = 0.0
    """The duration of the attempt in seconds of the wall clock."""
    error: str = ""
    """A reason code: why the unit failed or, if it is committed, why it ends early."""
    offset: int | None = None
    """The bytes of the shard that were read before the fault; null if unknown."""
    storage: StorageCounts | None = Field(None, exclude_if=lambda counts: counts is None)
    """The requests to object stores; missing if there were none."""

    @property
    def trouble(self) -> str:
        """The error and, if known, its place in the shard."""
        return self.error if self.offset is None else f"{self.error} near byte {self.offset}"


class Summary(Frozen):
    """The summary of one run: the run's own work, and the state of the output after the run.

    Fields that end in `_here` cover this run alone.
    """

    run: str
    """The name of the run."""
    job: str
    """The name of the job."""
    shardmill: str
    """The version of Shardmill."""
    fingerprint: str
    """The SHA-256 of everything that decides the bytes of the output."""
    rules: Mapping[str, str] = {}
    """The version of each filter's rules."""
    started: str
    """The start of the run in UTC, as ISO 8601."""
    ended: str
    """The end of the run in UTC, as ISO 8601."""
    outcome: Outcome
    """The state of the output at the end of the run, or why the run ended early."""
    images_judged: bool
    """Whether a filter of the job judges the content of images with a model."""
    units_total: int
    """The units of the job: its shards, or the pieces in which large shards are run."""
    shards_total: int = 0
    """The shards of the job."""
    units_committed: int
    """The units in the output, committed by any run."""
    failed: tuple[str, ...] = ()
    """The units that were reported failed and not committed since."""
    strangers: tuple[str, ...] = ()
    """The Parquet files in the output that this job did not write."""
    changed: tuple[str, ...] = ()
    """The shards that changed since rows of them were committed."""
    added_here: int = 0
    """The new shards that this run added to the output."""
    waiting: int = 0
    """The new shards that wait until a run adds them to the output."""
    missing: tuple[str, ...] = ()
    """The shards of the output that are gone, or that the job does not name any more."""
    units_here: int
    """The units that this run committed."""
    salvaged_here: tuple[str, ...] = ()
    """The units that this run committed although their shard ends in damage."""
    counts_here: Counts
    """The samples of the rows that this run committed."""
    scores_here: Mapping[str, Mapping[str, int]] = {}
    """The histograms of the scores in this run: score -> lower edge of a bin -> samples."""
    stages_here: Mapping[str, Stage] = {}
    """The items and busy time of each stage in this run."""
    costs_here: Mapping[str, Stage] = {}
    """The items and busy time of each `task NAME` and `filter NAME` in this run."""
    seconds_here: float = 0.0
    """The duration of the run in seconds of the wall clock."""
    images_per_second_here: float = 0.0
    """The samples that all workers of this run did, per second of the wall clock."""
    cpu_seconds_here: float = 0.0
    """The seconds of CPUs that the processes of workers took for units."""
    gpu_seconds_here: float = 0.0
    """The seconds in which engines computed on GPUs, times their number."""
    engine_wait_here: float | None = None
    """The share of the workers' time in which the engine waited for blocks; null without units."""
    watt_hours_per_million_here: float | None = None
    """The watt-hours that GPUs took for a million samples; null if no GPU tells its energy."""
    worker_seconds_here: float = 0.0
    """The seconds that the run's workers spent on units, summed over the workers."""
    samples_per_second_here: float = 0.0
    """The speed of one worker in this run, as `worker_speed` defines it."""
    storage_here: StorageCounts | None = Field(None, exclude_if=lambda counts: counts is None)
    """The requests of this run to object stores; missing if there were none."""
    counts: Counts | None = None
    """The samples of the whole output, from the footers; null if the footers were not read."""


def worker_speed(samples: int, seconds: float) -> float:
    """Return the speed of one worker in samples per second; 0 if no unit has ended.

    `samples` were committed, and `seconds` are those between the begin and the end of an attempt at
    a unit, summed over all attempts that ended: the time to load the models is not included. Every
    speed that a run shows or stores is this one.
    """
    return round(samples / seconds, 1) if seconds else 0.0


def add_histograms(left: Histograms, right: Histograms) -> dict[str, dict[str, int]]:
    """Add two sets of histograms; scores are sorted by name, bins by their lower edge."""
    sums: dict[str, dict[str, int]] = {}
    for name in sorted({*left, *right}):
        bins = add_numbers(left.get(name, {}), right.get(name, {}))
        sums[name] = {edge: bins[edge] for edge in sorted(bins, key=float)}
    return sums


def add_stages(left: Mapping[str, Stage], right: Mapping[str, Stage]) -> dict[str, Stage]:
    """Add two sets of stages, in the order in which stages first appear."""
    names = [*left, *(name for name in right if name not in left)]
    return {name: left.get(name, Stage()) + right.get(name, Stage()) for name in names}
