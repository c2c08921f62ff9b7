"""Counts what each threshold of a score would reject and let pass, by language too."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from filters.limits import Limit, Side
from pipelines.calibration.histogram import ScoreHistogram
from pipelines.calibration.scores import ScoredRows
from pipelines.calibration.threshold import Threshold
from pipelines.operations.calibrating.score_rows import ChosenScore, ScoreRows
from schemas.frozen import Frozen

_SHARES = (0.01, 0.02, 0.05, *np.arange(0.1, 0.95, 0.1), 0.95, 0.98, 0.99)
_EMPTY = (0, 0, 0)  # samples by outcome


class ThresholdCounts(Frozen):
    """What one threshold would make of the samples."""

    threshold: float
    """The threshold."""
    fields: tuple[str, ...]
    """The fields of the filter that have this value in the output's job; empty if none has."""
    rejected: int
    """The samples that the threshold rejects."""
    passed: int
    """The samples that the threshold lets pass."""
    newly_rejected: int
    """The samples that are kept in the output and that the threshold rejects."""
    newly_passed: int
    """The samples that the filter dropped or quarantined and that the threshold lets pass."""
    by_language: Mapping[str, int]
    """The rejected samples by language; empty if no language is stored."""


class ScoreTable(Frozen):
    """What thresholds of one score would make of the samples of an output."""

    output: str
    """The folder of the output."""
    filter: str
    """The filter, as rows name it."""
    score: str
    """The score, as the filter names it."""
    worse: Side
    """The side of a threshold that is rejected."""
    inclusive: bool
    """Whether a score equal to the threshold is rejected."""
    evaluate: str
    """The key `evaluate` of the output's job."""
    samples: int
    """The samples with the score that no other filter rejected."""
    outcomes: Mapping[str, int]
    """What became of the samples that no other filter rejected."""
    without_score: int
    """The samples among these that have no such score."""
    others: int
    """The other samples: invalid, rejected by another filter, or not judged by this one."""
    languages: Mapping[str, int]
    """The samples by language, the most frequent one first; `""` is an unknown language."""
    thresholds: tuple[ThresholdCounts, ...]
    """The thresholds, in ascending order."""
    committed: int
    """The units with files in the output."""
    units: int
    """The units of the output."""


class TableCounter:
    """Counts the samples that each of some thresholds rejects."""

    def __init__(self, rows: ScoreRows, chosen: ChosenScore, more: Sequence[float] = ()) -> None:
        """Count for the present thresholds, for those that show the range, and for `more`."""
        self._rows, self._chosen = rows, chosen
        present = [limit.value for limit in chosen.limits]
        shown = shown_thresholds(chosen.counts.both())
        self._thresholds = distinct([*present, *more, *shown], chosen.kind)
        self._rejected: dict[str, npt.NDArray[np.int64]] = {}  # by language: [outcomes, thresholds]
        self._samples: dict[str, npt.NDArray[np.int64]] = {}  # by language: [outcomes]

    def add(self, scored: ScoredRows) -> None:
        values = scored.values(self._chosen.name)
        counted = ~np.isnan(values) & (scored.outcomes >= 0)
        languages = scored.languages(self._rows.language_filters)[counted]
        values, outcomes = values[counted], scored.outcomes[counted]
        for language in set(languages):
            in_language = languages == language
            for outcome in range(len(_EMPTY)):
                own = values[in_language & (outcomes == outcome)]
                rejected = self._chosen.kind.count_rejected(own, self._thresholds)
                self._of(language, self._rejected, len(self._thresholds))[outcome] += rejected
                self._of(language, self._samples, 1)[outcome] += len(own)

    def _of(
        self, language: str, counts: dict[str, npt.NDArray[np.int64]], width: int
    ) -> npt.NDArray[np.int64]:
        return counts.setdefault(language, np.zeros((len(_EMPTY), width), np.int64))

    def table(self) -> ScoreTable:
        chosen, output = self._chosen, self._rows.output
        samples = sum(self._samples.values(), np.zeros((len(_EMPTY), 1), np.int64))
        rejected = sum(
            self._rejected.values(), np.zeros((len(_EMPTY), len(self._thresholds)), np.int64)
        )
        by_number = sorted(self._samples.items(), key=lambda each: (-each[1].sum(), each[0]))
        languages = {language: int(counts.sum()) for language, counts in by_number}
        known = set(languages) - {""}
        total = int(samples.sum())
        kept, others = int(samples[0].sum()), int(samples[1:].sum())
        assert total == kept + others
        return ScoreTable(
            output=output.layout.root,
            filter=self._rows.source.filter,
            score=chosen.name,
            worse=chosen.kind.worse,
            inclusive=chosen.kind.inclusive,
            evaluate=self._rows.evaluate,
            samples=total,
            outcomes=chosen.outcomes,
            without_score=sum(chosen.outcomes.values()) - total,
            others=chosen.others,
            languages=languages if known else {},
            thresholds=tuple(
                ThresholdCounts(
                    threshold=threshold,
                    fields=fields_at(threshold, chosen.limits),
                    rejected=int(rejected[:, place].sum()),
                    passed=total - int(rejected[:, place].sum()),
                    newly_rejected=int(rejected[0, place]),
                    newly_passed=others - int(rejected[1:, place].sum()),
                    by_language={
                        language: int(self._rejected[language][:, place].sum())
                        for language in languages
                        if known
                    },
                )
                for place, threshold in enumerate(self._thresholds)
            ),
            committed=int(output.listing.has_files().sum()),
            units=len(output.units),
        )


def fields_at(threshold: float, limits: Sequence[Limit]) -> tuple[str, ...]:
    """Return the fields of a filter that have this value in the job."""
    return tuple(limit.field for limit in limits if limit.value == threshold)


def distinct(thresholds: Sequence[float], kind: Threshold) -> list[float]:
    """Return the thresholds in order; of those with the same effect, the first one."""
    by_cut: dict[float, float] = {}
    for threshold in thresholds:
        by_cut.setdefault(kind.cut(threshold), threshold)
    return [by_cut[cut] for cut in sorted(by_cut)]


def shown_thresholds(scores: ScoreHistogram) -> list[float]:
    """Return thresholds that show the range of a score: steps of 0.05, or else quantiles."""
    if not scores.number:
        return []
    values = scores.values
    if values[0] >= 0 and values[-1] <= 1:
        return [step / 20 for step in range(1, 20)]
    return [float(f"{value:.3g}") for value in scores.quantiles(np.array(_SHARES))]
