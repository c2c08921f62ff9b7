"""Reports about the work: progress of a unit, a report per unit, a summary per run."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Self

from pydantic import model_validator

from schemas.frozen import Frozen
from schemas.sample_status import SAMPLE_STATUSES, SampleStatus

Outcome = Literal["complete", "partial", "failed", "stopped", "interrupted", "worker_fault"]


class Progress(NamedTuple):
    """How much of a unit is done; sent after each block."""

    unit: str
    samples: int  # preprocessed and, if the job has tasks, answered
    bytes_read: int  # of the shard as it is stored


OnProgress = Callable[[Progress], None]


def add_numbers(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    """Add the numbers of each name; the result is sorted by name."""
    return {n: left.get(n, 0) + right.get(n, 0) for n in sorted({*left, *right})}


class Counts(Frozen):
    """The samples of a file, a unit or an output by status; every sample is counted once."""

    read: int = 0
    kept: int = 0
    dropped: int = 0
    quarantined: int = 0
    invalid: int = 0
    reasons: Mapping[str, int] = {}  # "filter/reason" -> samples; every mapping is sorted
    languages: Mapping[str, int] = {}  # "language/status" of the source text -> samples
    redactions: Mapping[str, int] = {}  # infotype -> matches replaced
    answers: Mapping[str, int] = {}  # "task/filter/reason" -> answers withheld

    @model_validator(mode="after")
    def _accounted(self) -> Self:
        if sum(self.by_status().values()) != self.read:
            raise ValueError("kept + dropped + quarantined + invalid must equal read")
        return self

    def by_status(self) -> dict[SampleStatus, int]:
        """Return the samples of each status, in the order of SAMPLE_STATUSES."""
        return {status: getattr(self, status) for status in SAMPLE_STATUSES}

    def __add__(self, other: "Counts") -> "Counts":
        theirs = other.by_status()
        return Counts(
            read=self.read + other.read,
            **{status: number + theirs[status] for status, number in self.by_status().items()},
            reasons=add_numbers(self.reasons, other.reasons),
            languages=add_numbers(self.languages, other.languages),
            redactions=add_numbers(self.redactions, other.redactions),
            answers=add_numbers(self.answers, other.answers),
        )


class Stage(Frozen):
    """The items that a stage of the pass handled, and its busy time summed over all threads."""

    items: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Stage") -> "Stage":
        seconds = round(self.seconds + other.seconds, 4)
        return Stage(items=self.items + other.items, seconds=seconds)


Histograms = Mapping[str, Mapping[str, int]]  # score -> lower edge of a bin -> samples


class UnitReport(Frozen):
    """The result of one attempt at a unit; counts and scores cover the rows that it committed."""

    unit: str
    status: Literal["committed", "failed"]
    attempt: int = 1
    files: tuple[str, ...] = ()  # committed by this attempt
    counts: Counts = Counts()
    scores: Mapping[str, Mapping[str, int]] = {}  # Histograms
    stages: Mapping[str, Stage] = {}
    seconds: float = 0.0  # wall clock
    error: str = ""  # a reason code: why the unit failed or, if committed, why it ends early
    offset: int | None = None  # bytes of the shard read before the fault

    @property
    def trouble(self) -> str:
        """The error and, if known, its place in the shard."""
        return self.error if self.offset is None else f"{self.error} near byte {self.offset}"


class Summary(Frozen):
    """The summary of one run: the run's own work, and the state of the output after the run.

    Fields that end in `_here` cover this run alone.
    """

    run: str
    job: str
    shardmill: str  # version
    fingerprint: str
    rules: Mapping[str, str] = {}  # filter -> version of its rules
    started: str  # UTC, ISO 8601
    ended: str
    outcome: Outcome
    images_judged: bool  # a filter of the job judges the content of images with a model
    units_total: int
    units_committed: int  # in the output, by any run
    failed: tuple[str, ...] = ()  # units reported failed and not committed since
    strangers: tuple[str, ...] = ()  # Parquet files in the output that this job did not write
    changed: tuple[str, ...] = ()  # shards that changed since rows of them were committed
    units_here: int  # committed by this run
    salvaged_here: tuple[str, ...] = ()  # units committed although their shard ends in damage
    counts_here: Counts
    scores_here: Mapping[str, Mapping[str, int]] = {}
    stages_here: Mapping[str, Stage] = {}
    seconds_here: float = 0.0
    counts: Counts | None = None  # of the whole output, from the footers; None: footers not read


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
