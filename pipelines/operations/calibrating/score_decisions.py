"""Joins a file of decisions about drawn samples with the scores of the output's rows."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pyarrow as pa

from pipelines.calibration.estimates import DecidedSample
from pipelines.calibration.scores import ScoredRows
from pipelines.calibration.strata import stratum_of
from pipelines.planning.decisions import Decisions, SampleDecision
from schemas.errors import JobError

_SHOWN = (0, 1)  # indices of OUTCOMES: kept, and quarantined by the filter


class ScoreDecisions:
    """Decisions about samples that were drawn by one score, with the values of the rows."""

    def __init__(self, decisions: Decisions, by: str, score: str | None) -> None:
        """Check the decisions; raise JobError, naming the line, if one is not of this score."""
        self._path = decisions.path
        if not decisions.samples:
            raise JobError(f"--decisions: {self._path}: has no decision: decide some samples")
        self.score = score or self._first_score(decisions, by)
        for (_, _), decision in decisions.samples.items():
            self._check(decision, f"{by}.{self.score}")
        self._decisions = decisions
        self._by_shard = decisions.by_shard()
        self._strata = self._disjoint(decisions)
        self._edges = sorted({edge for stratum in self._strata for edge in stratum})
        self._counted = np.zeros(len(self._edges) + 1, np.int64)
        self._values: dict[tuple[str, int], float] = {}

    def _first_score(self, decisions: Decisions, by: str) -> str:
        first = next(iter(decisions.samples.values()))
        name, _, score = first.score.partition(".")
        if name != by or not score:
            self._check(first, f"{by}.SCORE")
        return score

    def _check(self, decision: SampleDecision, score: str) -> None:
        where = f"--decisions: {self._path}, line {decision.line}"
        if decision.stratum is None or not decision.score:
            raise JobError(
                f"{where}: has no stratum: take the file of a page that calibrate wrote with --to"
            )
        if decision.score != score:
            raise JobError(f"{where}: is about the score {decision.score}, not {score}")

    def _disjoint(self, decisions: Decisions) -> Mapping[tuple[float, float], SampleDecision]:
        """Return the strata in order, each with one of its decisions."""
        strata: dict[tuple[float, float], SampleDecision] = {}
        for decision in decisions.samples.values():
            assert decision.stratum is not None, "checked before"
            known = strata.setdefault(decision.stratum, decision)
            if known.stratum_size != decision.stratum_size:
                raise JobError(
                    f"--decisions: {self._path}, line {decision.line}: stratum_size differs from "
                    f"line {known.line}: take the decisions of one page"
                )
        ordered = sorted(strata)
        for one, next_one in pairwise(ordered):
            if next_one[0] < one[1]:
                raise JobError(
                    f"--decisions: {self._path}, line {strata[next_one].line}: its stratum "
                    f"overlaps that of line {strata[one].line}: take the decisions of one page"
                )
        return {stratum: strata[stratum] for stratum in ordered}

    def add(self, shard: str, batch: pa.RecordBatch, scored: ScoredRows) -> None:
        """Take rows of a shard, in whose batch the column `index` is too."""
        values = scored.values(self.score)
        shown = np.isin(scored.outcomes, _SHOWN) & ~np.isnan(values)
        places = np.searchsorted(np.array(self._edges, np.float32), values[shown], side="right")
        self._counted += np.bincount(places, minlength=len(self._counted))
        if wanted := self._by_shard.get(shard):
            indices = batch["index"].to_numpy()
            for row in np.flatnonzero(shown & np.isin(indices, list(wanted))).tolist():
                self._values[shard, int(indices[row])] = float(values[row])

    @property
    def changed(self) -> int:
        """The number of strata whose samples are no longer those of the page."""
        return sum(
            decision.stratum_size not in (None, self._size(stratum))
            for stratum, decision in self._strata.items()
        )

    def _size(self, stratum: tuple[float, float]) -> int:
        low, high = (self._edges.index(edge) for edge in stratum)
        return int(self._counted[low + 1 : high + 1].sum())

    @property
    def without_decision(self) -> int:
        """The number of samples in the output whose stratum has no decision."""
        return int(self._counted.sum()) - sum(map(self._size, self._strata))

    @property
    def undecided(self) -> int:
        """The number of samples on the page that nobody decided, of strata with decisions."""
        drawn = sum(decision.stratum_drawn or 0 for decision in self._strata.values())
        return max(drawn - len(self._decisions.samples), 0)

    def sample(self) -> DecidedSample:
        """Return the decided samples with their strata.

        Raises JobError, naming the line, if the output has no such sample or another score of it.
        """
        strata = list(self._strata)
        values, rejected, numbers = [], [], []
        for sample, decision in self._decisions.samples.items():
            where = f"--decisions: {self._path}, line {decision.line}: sample {sample[1]} of "
            if sample not in self._values:
                raise JobError(
                    f"{where}{sample[0]} is not among the kept and quarantined samples with this "
                    "score: name the output of the page"
                )
            value = self._values[sample]
            assert decision.stratum is not None, "checked before"
            if stratum_of(np.array([value], np.float32), [0, *decision.stratum, 0])[0] != 1:
                raise JobError(
                    f"{where}{sample[0]} has a score outside of its stratum: name the output of "
                    "the page"
                )
            values.append(value)
            rejected.append(not decision.accepted)
            numbers.append(strata.index(decision.stratum))
        sizes = [
            decision.stratum_size if decision.stratum_size is not None else self._size(stratum)
            for stratum, decision in self._strata.items()
        ]
        return DecidedSample(
            np.array(values, np.float32), np.array(rejected), np.array(numbers, np.intp), sizes
        )
