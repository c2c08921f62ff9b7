"""Scores of boxes and masks against the ground truth."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from inference.tasks.detections import Box
from pipelines.evaluation.metrics.box_matching import iou
from pipelines.evaluation.metrics.values import BoxedLabel

Mask = npt.NDArray[np.bool_]  # [height, width]

MIN_IOU = 0.5  # for a box to match, inclusive


class Score(NamedTuple):
    """One score and the number of items that it averages."""

    value: float  # from 0 to 1
    of: int  # number of answers, boxes or masks


def detection(
    boxes: Iterable[tuple[Sequence[BoxedLabel], Sequence[BoxedLabel]]],
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
            best = max(candidates, key=lambda other: iou(box, other), default=None)
            if best is not None and iou(box, best) >= MIN_IOU:
                ious.append(iou(box, best))
                unmatched.remove(best)
    total = num_predicted + num_true
    f1 = 2 * len(ious) / total if total else 1.0
    mean = float(np.mean(ious)) if ious else 0.0
    return {"boxes F1": Score(f1, num_true), "boxes IoU": Score(mean, len(ious))}


def boxes_of(objects: Any) -> list[BoxedLabel]:
    """Return the boxes of the objects of a stored answer, without their scores."""
    return [BoxedLabel(each["label"], *(each[edge] for edge in Box._fields)) for each in objects]


def best_mask_iou(predicted: Iterable[Mask], true: Mask) -> float:
    """The highest intersection over union of a predicted mask with the true one; 0 without any."""
    ious = [(mask & true).sum() / (mask | true).sum() for mask in predicted]
    return float(max(ious, default=0.0))
