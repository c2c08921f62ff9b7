"""Where scores become verdicts: thresholds by score, and the worst of what was found counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from schemas.errors import JobError
from schemas.verdict import Verdict, drop, indeterminate, keep, quarantine

Threshold = Annotated[float, Field(gt=0, le=1)]  # probability, inclusive
Thresholds = Threshold | Mapping[str, Threshold]  # one for all scores, or some by name


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on a score drops an item, or has a person look at it; by score, inclusive."""

    drop_at: Mapping[str, float]
    quarantine_at: Mapping[str, float]

    @classmethod
    def of(
        cls, scores: Sequence[str], drop_at: Thresholds, quarantine_at: Thresholds | None
    ) -> Self:
        """Those of the scores there are; JobError where they do not go together."""
        bounds = cls(
            _by_score(scores, drop_at, "drop_at"),
            _by_score(scores, quarantine_at, "quarantine_at"),
        )
        for name, bound in bounds.quarantine_at.items():
            if bound >= bounds.drop_at.get(name, np.inf):
                raise JobError(
                    f"quarantine_at: {bound} is not below drop_at, which is "
                    f"{bounds.drop_at[name]} for {name}: nothing would be quarantined"
                )
        return bounds


def judged(found: Mapping[str, npt.NDArray[np.float32]], bounds: Bounds, *, reason: str) -> Verdict:
    """The verdict on what was found by score, of each at least one value.

    A value that is not finite is none that could pass: indeterminate, unless another one drops the
    item anyway.
    """
    finite = {name: values[np.isfinite(values)] for name, values in found.items()}
    scores = {name: float(values.max()) for name, values in finite.items() if values.size}
    if _reached(scores, bounds.drop_at):
        return drop(reason, scores)
    if any(finite[name].size < values.size for name, values in found.items()):
        return indeterminate("score_not_finite", scores)
    return quarantine(reason, scores) if _reached(scores, bounds.quarantine_at) else keep(scores)


def _reached(scores: Mapping[str, float], bounds: Mapping[str, float]) -> bool:
    return any(name in scores and scores[name] >= bound for name, bound in bounds.items())


def _by_score(
    scores: Sequence[str], thresholds: Thresholds | None, field: str
) -> Mapping[str, float]:
    if not isinstance(thresholds, Mapping):
        return {} if thresholds is None else dict.fromkeys(scores, thresholds)
    for name in thresholds:
        if name not in scores:
            raise JobError(f"{field}: there is no score {name!r}: take one of {', '.join(scores)}")
    return thresholds
