"""Reads scores from the rows of an output, as arrays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from filters.base import INDETERMINATE
from pipelines.calibration.histogram import Floats

COLUMNS = ("status", "filter", "scores")
OUTCOMES = ("kept", "quarantined", "dropped")  # what became of a row that no other filter rejected

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ScoreSource:
    """Where scores of one filter stand in rows."""

    filter: str  # its name in rows
    tasks: Collection[str]  # scores of answers are named after their task
    missing_is_zero: bool = False  # the filter stores no zeros

    def score_of(self, name: str) -> str | None:
        """Return the name in the filter of a stored score; None for any other."""
        by, _, score = name.partition(".")
        if by != self.filter or score.startswith(INDETERMINATE):
            return None
        return None if score.partition(".")[0] in self.tasks and "." in score else score


class ScoredRows:
    """The rows of a batch with their scores.

    `outcomes` has an index of OUTCOMES for each row, and -1 for a row that is invalid, that another
    filter rejected, or that the filter could not judge.
    """

    def __init__(self, batch: pa.RecordBatch, source: ScoreSource) -> None:
        self._source = source
        self._number = len(batch)
        self._rows = pc.list_parent_indices(batch["scores"]).to_numpy()
        names, values = pc.list_flatten(batch["scores"]).flatten()
        encoded = pc.dictionary_encode(names)
        self._codes: npt.NDArray[np.int32] = encoded.indices.to_numpy()
        self._names: list[str] = encoded.dictionary.to_pylist()
        self._values: Floats = values.to_numpy()
        self.outcomes = self._outcomes(batch)

    def scores(self) -> list[str]:
        """Return the names of the filter's scores in these rows."""
        return [score for name in self._names if (score := self._source.score_of(name)) is not None]

    def stored(self, score: str) -> Floats:
        """Return a score of each row as it is stored; NaN for a row that has none."""
        values = np.full(self._number, np.nan, np.float32)
        for code, name in enumerate(self._names):
            if name == f"{self._source.filter}.{score}":
                here = self._codes == code
                values[self._rows[here]] = self._values[here]
        values[~np.isfinite(values)] = np.nan
        return values

    def values(self, score: str) -> Floats:
        """Return a score of each row; 0 for a judged row without it, if no zeros are stored."""
        values = self.stored(score)
        if self._source.missing_is_zero:
            values[np.isnan(values) & (self.outcomes >= 0)] = 0
        return values

    def languages(self, filters: Sequence[str]) -> npt.NDArray[np.object_]:
        """Return the language of each row, by scores of filters `language`; "" if it is unknown."""
        languages = np.full(self._number, "", object)
        for code, name in enumerate(self._names):
            by, _, language = name.partition(".")
            if by in filters and "." not in language and not language.startswith(INDETERMINATE):
                languages[self._rows[self._codes == code]] = language
        return languages

    def _outcomes(self, batch: pa.RecordBatch) -> npt.NDArray[np.int8]:
        own = _mask(pc.equal(batch["filter"], self._source.filter))
        outcomes = np.full(self._number, -1, np.int8)
        for number, status in enumerate(OUTCOMES):
            here = _mask(pc.equal(batch["status"], status))
            outcomes[here & own if status != "kept" else here] = number
        unjudged = f"{self._source.filter}.{INDETERMINATE}"
        for code, name in enumerate(self._names):
            if name.startswith(unjudged):
                outcomes[self._rows[self._codes == code]] = -1
        return outcomes


def _mask(found: pa.Array) -> Mask:
    mask: Mask = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return mask
