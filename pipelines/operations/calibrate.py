"""`shardmill calibrate`: counts what thresholds do, and reads what a person says about a sample."""

from typing import NamedTuple

from filters.limits import Side
from pipelines.calibration.estimates import ThresholdEstimate, WantedThreshold, least_decided
from pipelines.operations.calibrating.score_decisions import ScoreDecisions
from pipelines.operations.calibrating.score_rows import (
    ChosenScore,
    ScoreRows,
    ScoreScan,
    open_score_rows,
)
from pipelines.operations.calibrating.score_table import ScoreTable, TableCounter
from pipelines.planning.decisions import read_decisions
from pipelines.storage.resolve import STORAGE
from pipelines.storage.storage import Storage
from schemas.frozen import Frozen


class Calibration(Frozen):
    """What decisions about drawn samples tell about thresholds."""

    table: ScoreTable
    """What each threshold would make of the samples."""
    accepted: int
    """The samples that a person accepted: the filter should let them pass."""
    rejected: int
    """The samples that a person rejected: the filter is right to reject them."""
    undecided: int
    """The drawn samples that nobody decided, of strata with decisions."""
    without_decision: int
    """The kept and quarantined samples in strata without a decision."""
    changed: int
    """The strata whose samples in the output are no longer those of the page."""
    estimates: tuple[ThresholdEstimate, ...]
    """Precision and recall of each threshold of the table, with intervals of 95 %."""
    precision: float
    """The wanted precision."""
    wanted: WantedThreshold
    """The threshold with the wanted precision."""
    least_decided: int
    """The fewest decided samples beyond a threshold that can make sure of the precision."""


class AskedScore(NamedTuple):
    """The score that a user wants to calibrate."""

    filter: str  # as rows name it
    score: str | None = None  # as the filter names it; None: its only one
    worse: Side | None = None  # which scores are rejected; None: as the job's threshold does


def count_thresholds(output: str, asked: AskedScore, storage: Storage | None = None) -> ScoreTable:
    """Count what thresholds of a filter make of an output's samples, by their scores.

    Reads the committed rows twice, and no shard. Raises JobError if the folder is no output, a file
    is damaged, or the filter has no such score.
    """
    rows = open_score_rows(output, asked.filter, storage)
    chosen = choose_score(rows, asked)
    counter = TableCounter(rows, chosen)
    for _, _, scored in rows.read():
        counter.add(scored)
    return counter.table()


def choose_score(rows: ScoreRows, asked: AskedScore) -> ChosenScore:
    """Read the rows once to find the score and its values."""
    scan = ScoreScan(rows, asked.score)
    for _, _, scored in rows.read():
        scan.add(scored)
    return scan.choose(asked.worse)


def calibrate(
    output: str,
    asked: AskedScore,
    decisions: str,
    precision: float = 0.95,
    storage: Storage | None = None,
) -> Calibration:
    """Estimate precision and recall of thresholds from decisions about drawn samples.

    A rejected sample is a positive one: the filter is right to reject it. Raises JobError as
    `count_thresholds`, and, naming the line, if the decisions are not about samples that were drawn
    from this output by this score.
    """
    rows = open_score_rows(output, asked.filter, storage)
    read = read_decisions(decisions, storage or STORAGE, field="--decisions")
    decided = ScoreDecisions(read, asked.filter, asked.score)
    scan = ScoreScan(rows, decided.score)
    for number, batch, scored in rows.read(["index"]):
        scan.add(scored)
        decided.add(rows.output.units[number].shard, batch, scored)
    chosen = scan.choose(asked.worse)
    sample = decided.sample()
    wanted = sample.threshold_for(precision, chosen.kind)
    found = [wanted.estimate, wanted.loosest, wanted.surest]
    counter = TableCounter(rows, chosen, [each for each in found if each is not None])
    for _, _, scored in rows.read():
        counter.add(scored)
    table = counter.table()
    rejected = int(sample.rejected.sum())
    return Calibration(
        table=table,
        accepted=len(sample.rejected) - rejected,
        rejected=rejected,
        undecided=decided.undecided,
        without_decision=decided.without_decision,
        changed=decided.changed,
        estimates=tuple(sample.at(each.threshold, chosen.kind) for each in table.thresholds),
        precision=precision,
        wanted=wanted,
        least_decided=least_decided(precision),
    )
