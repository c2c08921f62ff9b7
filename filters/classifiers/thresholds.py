"""Thresholds per score, and the verdict that follows from the highest value of each score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from filters.base import reaches
from schemas.errors import JobError
from schemas.known_names import known_names
from schemas.verdict import Verdict, drop, indeterminate, keep, quarantine

Threshold = Annotated[float, Field(gt=0, le=1)]  # probability, inclusive
Thresholds = Threshold | Mapping[str, Threshold]  # one for all scores, or some by name


@dataclass(frozen=True, slots=True)
class Bounds:
    """The thresholds of each score, inclusive: for dropping an item, and for quarantining it.

    A score without a threshold decides nothing.
    """

    drop_at: Mapping[str, float]
    quarantine_at: Mapping[str, float]

    @classmethod
    def resolve(
        cls, scores: Sequence[str], drop_at: Thresholds, quarantine_at: Thresholds | None
    ) -> Self:
        """Resolve the job's thresholds for the scores that exist.

        Raises JobError for an unknown score, and for a quarantine_at that is not below drop_at.
        """
        bounds = cls(
            _by_score(scores, drop_at, "drop_at"),
            _by_score(scores, quarantine_at, "quarantine_at"),
        )
        for name, threshold in bounds.quarantine_at.items():
            if threshold >= bounds.drop_at.get(name, np.inf):
                raise JobError(
                    f"quarantine_at: {threshold} is not below drop_at, which is "
                    f"{bounds.drop_at[name]} for {name}: nothing would be quarantined"
                )
        return bounds

    @classmethod
    def of_stored(
        cls, scores: Mapping[str, float], drop_at: Thresholds, quarantine_at: Thresholds | None
    ) -> Self:
        """Return the thresholds of the scores in a row, which may lack some of the filter's."""
        named = {
            field: {name: at for name, at in value.items() if name in scores}
            if isinstance(value, Mapping)
            else value
            for field, value in (("drop_at", drop_at), ("quarantine_at", quarantine_at))
        }
        return cls(*(_by_score([*scores], value, field) for field, value in named.items()))

    def decide(self, scores: Mapping[str, float], reason: str) -> Verdict:
        """Return the verdict that follows from the scores of an item."""
        if _reached(scores, self.drop_at):
            return drop(reason, scores)
        return quarantine(reason, scores) if _reached(scores, self.quarantine_at) else keep(scores)


def verdict_from_scores(
    values_by_score: Mapping[str, npt.NDArray[np.float32]], bounds: Bounds, *, reason: str
) -> Verdict:
    """Return the verdict on one item; each score has at least one value, such as one per frame.

    The highest value of a score counts. If a value is not finite, the verdict is indeterminate,
    unless another value drops the item.
    """
    finite = {name: values[np.isfinite(values)] for name, values in values_by_score.items()}
    scores = {name: float(values.max()) for name, values in finite.items() if values.size}
    decided = bounds.decide(scores, reason)
    if decided.action == "drop":
        return decided
    if any(finite[name].size < values.size for name, values in values_by_score.items()):
        return indeterminate("score_not_finite", scores)
    return decided


def _reached(scores: Mapping[str, float], thresholds: Mapping[str, float]) -> bool:
    return any(name in scores and reaches(scores[name], at) for name, at in thresholds.items())


def _by_score(
    scores: Sequence[str], thresholds: Thresholds | None, field: str
) -> Mapping[str, float]:
    if not isinstance(thresholds, Mapping):
        return {} if thresholds is None else dict.fromkeys(scores, thresholds)
    for name in thresholds:
        if name not in scores:
            known = known_names(name, scores)
            raise JobError(f"{field}: there is no score {name!r}: take one of {known}")
    return thresholds
