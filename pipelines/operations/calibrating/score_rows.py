"""Finds the filter and the score that `shardmill calibrate` is asked about, and reads its rows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from filters import Filter, TextFilter
from filters.base import filter_names
from filters.limits import Limit, Side
from pipelines.calibration.histogram import ScoreHistogram
from pipelines.calibration.scores import COLUMNS, OUTCOMES, ScoredRows, ScoreSource
from pipelines.calibration.threshold import Threshold
from pipelines.operations.stored_samples.recorded_job import recorded_job
from pipelines.operations.stored_samples.stored_rows import read_batches
from pipelines.output.output import Output, open_output
from pipelines.planning.filters_from import EarlierOutput, filters_to_run
from pipelines.storage.storage import Storage
from schemas.errors import JobError
from schemas.known_names import known_names

_BATCH = 1 << 16  # rows read at once


@dataclass(frozen=True, slots=True)
class ScoreRows:
    """The rows of an output in which a filter's scores stand."""

    output: Output
    name: str  # of the job
    evaluate: str
    stage: Filter
    source: ScoreSource
    language_filters: Sequence[str]  # whose scores are named after languages

    def read(self, columns: Sequence[str] = ()) -> Iterator[tuple[int, pa.RecordBatch, ScoredRows]]:
        """Yield the rows of all committed files, with the number of their unit in the output.

        `columns` are read besides those of scores.
        """
        for number, unit in enumerate(self.output.units):
            for file in self.output.progress_of(unit).files:
                path = self.output.layout.file(file)
                for batch in read_batches(path, self.output.storage, [*COLUMNS, *columns], _BATCH):
                    yield number, batch, ScoredRows(batch, self.source)


def open_score_rows(output: str, by: str, storage: Storage | None = None) -> ScoreRows:
    """Open an output of which the scores of the filter `by` are wanted.

    Raises JobError if the folder is no output, or if no such filter judged its samples.
    """
    opened = open_output(output, storage)
    job = recorded_job(opened, "calibrate cannot read its filters")
    filters: Mapping[str, Filter] = dict(zip(filter_names(job.filters), job.filters, strict=True))
    elsewhere = ""
    if job.filters_from:
        earlier = EarlierOutput.model_validate(opened.record["resolved"]["filters_from"])
        filters = filters_to_run(job, earlier)
        elsewhere = f"; earlier filters are those of {job.filters_from}"
    shown = {
        name: stage
        for name, stage in filters.items()
        if not stage.conceals
        and not (isinstance(stage, TextFilter) and stage.applies_to == "generated")
    }
    if by not in shown:
        known = known_names(by, shown)
        why = "rejects samples that nobody may see" if by in filters else "is no filter of samples"
        why = "judges answers alone" if by in filters and not filters[by].conceals else why
        raise JobError(f"--filter: {by} {why}: {output} has the filters {known}{elsewhere}")
    source = ScoreSource(by, frozenset(job.tasks), missing_is_zero=not shown[by].stores_zeros)
    languages = [name for name, stage in filters.items() if stage.kind == "language"]
    return ScoreRows(opened, job.name, job.evaluate, shown[by], source, languages)


@dataclass(slots=True)
class ScoreCounts:
    """The values of one score: of samples that may be shown, and of dropped ones."""

    shown: ScoreHistogram = field(default_factory=ScoreHistogram)
    dropped: ScoreHistogram = field(default_factory=ScoreHistogram)

    def both(self) -> ScoreHistogram:
        return self.shown.merged(self.dropped)


@dataclass(frozen=True, slots=True)
class ChosenScore:
    """The score that is calibrated."""

    name: str  # in the filter
    counts: ScoreCounts
    kind: Threshold
    limits: tuple[Limit, ...]  # of the side that is calibrated
    outcomes: Mapping[str, int]  # samples that no other filter rejected, with and without a score
    others: int  # all other samples

    @property
    def cut(self) -> float | None:
        """The present threshold at which more samples are drawn: the loosest one."""
        if not self.limits:
            return None
        cuts = [self.kind.cut(limit.value) for limit in self.limits]
        return min(cuts) if self.kind.worse == "higher" else max(cuts)

    @property
    def scored(self) -> int:
        return self.counts.shown.number + self.counts.dropped.number


class ScoreScan:
    """Counts the values of a filter's scores, of all or of a named one."""

    def __init__(self, rows: ScoreRows, score: str | None) -> None:
        self._rows, self._wanted = rows, score
        self._counts: dict[str, ScoreCounts] = {}
        self._outcomes = np.zeros(len(OUTCOMES), np.int64)
        self._others = 0

    def add(self, scored: ScoredRows) -> None:
        outcomes = scored.outcomes
        self._others += int((outcomes < 0).sum())
        self._outcomes += np.bincount(outcomes[outcomes >= 0], minlength=len(OUTCOMES))
        for name in scored.scores():
            if self._wanted in (None, name):
                values = scored.stored(name)
                counts = self._counts.setdefault(name, ScoreCounts())
                is_scored = ~np.isnan(values)
                counts.shown.add(values[is_scored & ((outcomes == 0) | (outcomes == 1))])
                counts.dropped.add(values[is_scored & (outcomes == 2)])

    def choose(self, worse: Side | None) -> ChosenScore:
        """Return the score to calibrate; raise JobError if it is not clear which one."""
        stage, by = self._rows.stage, self._rows.source.filter
        if not self._counts:
            named = f" {self._wanted}" if self._wanted else ""
            raise JobError(f"--score: no row has a score{named} of {by}: there is nothing to count")
        with_limits = [name for name in self._counts if stage.limits(name)]
        candidates = with_limits if len(with_limits) == 1 else sorted(self._counts)
        if len(candidates) > 1:
            raise JobError(f"--score: {by} stores several: name one of {', '.join(candidates)}")
        (name,) = candidates
        limits = stage.limits(name)
        sides = {limit.worse for limit in limits}
        if worse is None and len(sides) != 1:
            why = "has limits on both sides" if sides else "has no threshold in the job"
            raise JobError(
                f"--worse: {by}.{name} {why}: say which scores are rejected: higher or lower"
            )
        side = worse if worse is not None else next(iter(sides))
        own = tuple(limit for limit in limits if limit.worse == side)
        kind = Threshold.of(own[0]) if own else Threshold(side, inclusive=side == "higher")
        counts = self._counts[name]
        if not stage.stores_zeros:
            counts.shown.add_zeros(int(self._outcomes[:2].sum()) - counts.shown.number)
            counts.dropped.add_zeros(int(self._outcomes[2]) - counts.dropped.number)
        outcomes = Counter(dict(zip(OUTCOMES, self._outcomes.tolist(), strict=True)))
        return ChosenScore(name, counts, kind, own, outcomes, self._others)
