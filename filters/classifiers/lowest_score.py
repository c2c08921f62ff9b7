"""The verdict on an image by the lowest of its frames' scores."""

import numpy as np
import numpy.typing as npt

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
    if scores and scores[name] < lowest:
        return drop(reason, scores)
    return keep(scores) if finite.size == values.size else indeterminate("score_not_finite", scores)
