"""The numbers of a report: what a page shows, and what `shardmill report --json` prints."""

from collections.abc import Mapping
from typing import Any, Literal

from pipelines.drift.detector import Change
from pipelines.evaluation.results import Evaluation
from pipelines.evaluation.safety_record import SafetyRecord
from pipelines.report.run_costs import RunCosts
from schemas.frozen import Frozen
from schemas.report import Counts, Stage
from schemas.storage_counts import StorageCounts


class Bins(Frozen):
    """A histogram."""

    edges: tuple[float, ...]
    """The edges of the bins, one more than bins. The last bin also counts larger values."""
    numbers: tuple[int, ...]
    """The number of values in each bin."""
    lowest: float | None
    """The lowest value; null if there is none."""
    median: float | None
    """The median; null if there is no value."""
    highest: float | None
    """The highest value; null if there is none."""


class ScoreLimit(Frozen):
    """A threshold of a filter."""

    field: str
    """The field of the filter, as the job file names it."""
    value: float
    """The value of the field."""
    action: Literal["drop", "quarantine"]
    """What happens to a sample beyond the threshold."""
    worse: Literal["higher", "lower"]
    """The side of the threshold on which that happens."""
    inclusive: bool
    """Whether that also happens to a score that equals the threshold."""


class ScoreReport(Frozen):
    """The values of one score."""

    name: str
    """The name of the score in rows. Scores named after languages are counted together."""
    limits: tuple[ScoreLimit, ...]
    """The thresholds of the filter for this score."""
    stores_zeros: bool
    """False: the filter stores no zeros, and rows without this score had 0 or were not judged."""
    kept: Bins
    """The scores of kept rows."""
    others: Bins
    """The scores of all other rows, in the same bins."""


class AnswersReport(Frozen):
    """The answers of one task."""

    task: str
    """The name of the task."""
    kind: str
    """The kind of the task."""
    language: str
    """The language of the answers; empty if the task names none."""
    statuses: Mapping[str, int]
    """The kept rows by the status of their answer."""
    finish_reasons: Mapping[str, int]
    """The answers by their end: `stop`, or `length` if they were cut."""
    tokens: Bins | None
    """The answers by their number of tokens; null if there is none."""
    objects: Bins | None
    """The answers by their number of objects; null if the task stores no labels."""
    labels: Mapping[str, int]
    """The most frequent labels of objects, the most frequent one first."""
    other_labels: int
    """The objects with any other label."""


class RunLine(Frozen):
    """One run."""

    run: str
    """The name of the run."""
    ended: str
    """The end of the run in UTC, as ISO 8601."""
    outcome: str
    """How the run ended."""
    units: int
    """The units that the run committed."""
    samples: int
    """The samples of the rows that the run committed."""
    seconds: float
    """The duration of the run in seconds."""
    samples_per_second: float
    """The speed of one worker of the run, as `worker_speed` defines it."""


class RunsReport(Frozen):
    """What all runs of the output recorded."""

    number: int
    """The number of runs that ended."""
    unreadable: int
    """The records of runs that cannot be read."""
    shardmill: tuple[str, ...]
    """The versions of Shardmill that ran, sorted."""
    samples: int
    """The samples of the rows that all runs committed, those of files deleted since included."""
    seconds: float
    """The durations of all runs together, in seconds of the wall clock."""
    worker_seconds: float
    """The seconds that all workers spent on units."""
    samples_per_second: float
    """The speed of one worker over all runs, as `worker_speed` defines it."""
    stages: Mapping[str, Stage]
    """The items and busy time of each stage of the pass, over all runs."""
    storage: StorageCounts | None
    """The requests of all runs to object stores; null if there were none."""
    costs: RunCosts
    """What the runs cost."""
    salvaged: tuple[str, ...]
    """Units that runs committed although their shard ends in damage; the first ones by name."""
    last: tuple[RunLine, ...]
    """The last runs, the latest one last."""


class FailedUnit(Frozen):
    """A unit that was reported failed and not committed since."""

    unit: str
    """The name of the unit."""
    reason: str
    """The reason code."""
    offset: int | None
    """The bytes of the shard that were read before the fault; null if unknown."""
    attempts: int
    """The number of the last attempt."""
    advice: str
    """How to mend it."""


class Report(Frozen):
    """The numbers of a report about an output."""

    job: str
    """The name of the job."""
    output: str
    """The folder of the output, as the job names it."""
    fingerprint: str
    """The SHA-256 of everything that decides the bytes of the output."""
    complete: bool
    """Whether every unit is committed and `_SUCCESS` exists."""
    shards: int
    """The shards of the job."""
    units: int
    """The units of the job: its shards, or the pieces in which large shards are run."""
    committed: int
    """The units that are committed as a whole."""
    in_parts: int
    """The units of which some parts are committed, but not the last."""
    begun: int
    """The units that were begun and neither committed nor failed."""
    strangers: tuple[str, ...]
    """The first Parquet files that the job did not write, by name; the report leaves them out."""
    counts: Counts
    """The samples of the committed rows."""
    scores: tuple[ScoreReport, ...]
    """The scores: first those with a threshold, in the order of the filters."""
    has_more_scores: bool
    """Whether the rows have more scores than are counted."""
    without_limits: tuple[str, ...]
    """The filters whose thresholds are not known: classes of the user's own."""
    answers: tuple[AnswersReport, ...]
    """The answers of each task."""
    changes: tuple[Change, ...]
    """The last changes of answers that runs have warned of, the oldest first."""
    evaluations: Mapping[str, Evaluation]
    """The stored evaluations of answers, by their names; the first hundred."""
    safety: Mapping[str, SafetyRecord]
    """The stored evaluations of safety, by their names."""
    damaged_evaluations: tuple[str, ...]
    """The names of evaluations that cannot be read."""
    runs: RunsReport
    """What the runs recorded."""
    failed: int
    """The units that were reported failed and not committed since."""
    failures: tuple[FailedUnit, ...]
    """The first failed units, by name."""
    images_judged: bool
    """Whether a filter of the job judges the content of images with a model."""
    versions: Mapping[str, str]
    """The versions of models, packages and rules of filters that can change the rows."""
    resolved_job: Mapping[str, Any]
    """The job with its defaults, as its record has it."""
