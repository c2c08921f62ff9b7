"""What is told of the work: progress while it goes, a report per unit, a summary per run."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Self

from pydantic import model_validator

from schemas.frozen import Frozen

SampleStatus = Literal["kept", "dropped", "quarantined", "invalid"]
Outcome = Literal["complete", "partial", "failed", "stopped", "interrupted", "worker_fault"]


class Progress(NamedTuple):
    """Sent while a unit is worked on."""

    unit: str
    samples: int  # whose answers are there, if any were asked for
    bytes_read: int  # of the shard as it lies in storage


OnProgress = Callable[[Progress], None]


def add_numbers(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    """Name by name, sorted."""
    return {n: left.get(n, 0) + right.get(n, 0) for n in sorted({*left, *right})}


class Counts(Frozen):
    """How the samples of a file, a unit or an output fared; every sample is accounted for."""

    read: int = 0
    kept: int = 0
    dropped: int = 0
    quarantined: int = 0
    invalid: int = 0
    reasons: Mapping[str, int] = {}  # "filter/reason" -> samples; sorted, as all that follow
    languages: Mapping[str, int] = {}  # "language/status" of the source text -> samples
    redactions: Mapping[str, int] = {}  # infotype -> matches replaced
    answers: Mapping[str, int] = {}  # "task/filter/reason" -> answers withheld

    @model_validator(mode="after")
    def _accounted(self) -> Self:
        if self.kept + self.dropped + self.quarantined + self.invalid != self.read:
            raise ValueError("kept + dropped + quarantined + invalid must equal read")
        return self

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            read=self.read + other.read,
            kept=self.kept + other.kept,
            dropped=self.dropped + other.dropped,
            quarantined=self.quarantined + other.quarantined,
            invalid=self.invalid + other.invalid,
            reasons=add_numbers(self.reasons, other.reasons),
            languages=add_numbers(self.languages, other.languages),
            redactions=add_numbers(self.redactions, other.redactions),
            answers=add_numbers(self.answers, other.answers),
        )


class Stage(Frozen):
    """How much a stage of the pass handled, and how long it was busy (all threads together)."""

    items: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Stage") -> "Stage":
        seconds = round(self.seconds + other.seconds, 4)
        return Stage(items=self.items + other.items, seconds=seconds)


Histograms = Mapping[str, Mapping[str, int]]  # score -> lower edge of a bin -> samples


class UnitReport(Frozen):
    """What one attempt at a unit came to; counts and scores are of the rows it committed."""

    unit: str
    status: Literal["committed", "failed"]
    attempt: int = 1
    files: tuple[str, ...] = ()  # committed by this attempt
    counts: Counts = Counts()
    scores: Mapping[str, Mapping[str, int]] = {}  # Histograms
    stages: Mapping[str, Stage] = {}
    seconds: float = 0.0  # wall clock
    error: str = ""  # a reason code: why it failed or, if committed, why it ends early
    offset: int | None = None  # bytes of the shard read before the fault

    @property
    def trouble(self) -> str:
        """The error and, where it is known, the place in the shard."""
        return self.error if self.offset is None else f"{self.error} near byte {self.offset}"


class Summary(Frozen):
    """One run: what it did, and where the output stands after it."""

    run: str
    job: str
    shardmill: str  # version
    fingerprint: str
    rules: Mapping[str, str] = {}  # version of the rules of each filter
    started: str  # UTC, ISO 8601
    ended: str
    outcome: Outcome
    images_judged: bool  # a filter of the job judges by a model what images show
    units_total: int
    units_committed: int  # in the output, by whatever run
    failed: tuple[str, ...] = ()  # units reported failed and not committed since
    units_here: int  # committed by this run
    salvaged_here: tuple[str, ...] = ()  # of these, those whose shard could not be read to its end
    counts_here: Counts  # of this run
    scores_here: Mapping[str, Mapping[str, int]] = {}
    stages_here: Mapping[str, Stage] = {}
    seconds_here: float = 0.0
    counts: Counts | None = None  # of the whole output, from the footers; None: not read


def add_histograms(left: Histograms, right: Histograms) -> dict[str, dict[str, int]]:
    """Score by score, bin by bin; scores by name, bins from the lowest."""
    sums: dict[str, dict[str, int]] = {}
    for name in sorted({*left, *right}):
        bins = add_numbers(left.get(name, {}), right.get(name, {}))
        sums[name] = {edge: bins[edge] for edge in sorted(bins, key=float)}
    return sums


def add_stages(left: Mapping[str, Stage], right: Mapping[str, Stage]) -> dict[str, Stage]:
    """Stage by stage, in the order in which they first appear."""
    names = [*left, *(name for name in right if name not in left)]
    return {name: left.get(name, Stage()) + right.get(name, Stage()) for name in names}
