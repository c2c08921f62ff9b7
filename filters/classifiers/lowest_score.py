"""The verdict on an image by the lowest of its frames' scores."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from filters.base import reaches
from schemas.verdict import Verdict, drop, indeterminate, keep


def verdict_from_lowest(
    name: str, values: npt.NDArray[np.float32], lowest: float, *, reason: str
) -> Verdict:
    """Return the verdict on an image with one score per frame; the lowest score counts.

    A score >= `lowest` keeps the image. If a score is not finite, the verdict is indeterminate,
    unless another drops the image.
    """
    finite = values[np.isfinite(values)]
    scores = {name: float(finite.min())} if finite.size else {}
    verdict = decide_lowest(name, scores, lowest, reason=reason)
    if verdict is None or (verdict.action == "keep" and finite.size < values.size):
        return indeterminate("score_not_finite", scores)
    return verdict


def decide_lowest(
    name: str, scores: Mapping[str, float], lowest: float, *, reason: str
) -> Verdict | None:
    """Return the verdict that follows from the score `name`; None if it is missing."""
    if name not in scores:
        return None
    return keep(scores) if reaches(scores[name], lowest) else drop(reason, scores)
