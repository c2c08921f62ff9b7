"""Scores of boxes and masks against the ground truth."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]  # [height, width]

MIN_IOU = 0.5  # for a box to match, inclusive


class LabeledBox(NamedTuple):
    """A box with its label, in pixels of the upright image."""

    label: str
    box: tuple[float, float, float, float]  # x_min, y_min, x_max, y_max


class Score(NamedTuple):
    """One score and the number of items that it averages."""

    value: float  # from 0 to 1
    of: int  # number of answers, boxes or masks


def detection(
    boxes: Iterable[tuple[Sequence[LabeledBox], Sequence[LabeledBox]]],
) -> Mapping[str, Score]:
    """F1 at an IoU of 0.5, and the mean IoU of matched boxes, over (predicted, true) pairs.

    A predicted box matches the true box of the same label with the highest IoU that is not matched
    yet.
    """
    num_predicted, num_true = 0, 0
    ious: list[float] = []
    for predicted, true in boxes:
        num_predicted += len(predicted)
        num_true += len(true)
        unmatched = list(true)
        for box in predicted:
            candidates = [other for other in unmatched if other.label == box.label]
            best = max(candidates, key=lambda other: box_iou(box.box, other.box), default=None)
            if best is not None and box_iou(box.box, best.box) >= MIN_IOU:
                ious.append(box_iou(box.box, best.box))
                unmatched.remove(best)
    total = num_predicted + num_true
    f1 = 2 * len(ious) / total if total else 1.0
    mean = float(np.mean(ious)) if ious else 0.0
    return {"boxes F1": Score(f1, num_true), "boxes IoU": Score(mean, len(ious))}


def box_iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if min(width, height) <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def best_mask_iou(predicted: Iterable[Mask], true: Mask) -> float:
    """The highest intersection over union of a predicted mask with the true one; 0 without any."""
    ious = [(mask & true).sum() / (mask | true).sum() for mask in predicted]
    return float(max(ious, default=0.0))
