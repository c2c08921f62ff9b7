"""Matches boxes with references: precision, recall and F1 of objects."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

import numpy as np

from pipelines.evaluation.metrics.metric import Floats, Kind, Metric, Scored, ratio
from pipelines.evaluation.metrics.values import BoxedLabel, folded

_IOU = 0.5  # inclusive


class BoxF1(Metric):
    """F1, precision and recall of boxes with the right label and an IoU of 0.5 or more.

    Boxes are matched one to one, the surest first, each with the free reference of the greatest
    IoU. Labels are compared without regard to case and white space. An image without boxes and
    without references scores 1. A failed answer counts as a wrong box for each reference, at least
    one: as an answer without boxes, it would raise the precision of a corpus. The statistics are
    matched, wrong and missed boxes.
    """

    name = "box_f1"
    kind: ClassVar[Kind] = "boxes"
    tasks: ClassVar[tuple[str, ...]] = ("detect", "segment")
    results = ("f1", "precision", "recall")

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        return np.array([_row(self, each) for each in samples], np.float64).reshape(-1, 3)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        matched, wrong, missed = np.moveaxis(sums, -1, 0)
        nothing = (matched + wrong + missed) == 0
        values = (
            ratio(2 * matched, 2 * matched + wrong + missed),
            ratio(matched, matched + wrong),
            ratio(matched, matched + missed),
        )
        return {n: np.where(nothing, 1.0, v) for n, v in zip(self.results, values, strict=True)}

    def counts(
        self, given: tuple[BoxedLabel, ...], wanted: tuple[BoxedLabel, ...]
    ) -> tuple[int, int, int]:
        """Return the numbers of matched, wrong and missed boxes."""
        free = [*wanted]
        matched = 0
        for box in sorted(given, key=lambda each: -each.score):
            alike = [each for each in free if folded(each.label) == folded(box.label)]
            best = max(alike, key=lambda each: iou(box, each), default=None)
            if best is not None and iou(box, best) >= _IOU:
                free.remove(best)
                matched += 1
        return matched, len(given) - matched, len(free)


def _row(metric: BoxF1, sample: Scored) -> tuple[int, int, int]:
    boxes = cast(tuple[tuple[BoxedLabel, ...], tuple[BoxedLabel, ...]], sample[:2])
    matched, wrong, missed = metric.counts(*boxes)
    return matched, max(missed, 1) if sample.failed else wrong, missed


def iou(left: BoxedLabel, right: BoxedLabel) -> float:
    """Return the intersection over union of two boxes, 0 if both are empty."""
    common = common_area(left, right)
    union = box_area(left) + box_area(right) - common
    return common / union if union > 0 else 0.0


def box_area(box: BoxedLabel) -> float:
    """Return the area of a box, 0 if an edge is beyond its opposite one."""
    return max(box.x_max - box.x_min, 0.0) * max(box.y_max - box.y_min, 0.0)


def common_area(left: BoxedLabel, right: BoxedLabel) -> float:
    """Return the area of the intersection of two boxes."""
    width = min(left.x_max, right.x_max) - max(left.x_min, right.x_min)
    height = min(left.y_max, right.y_max) - max(left.y_min, right.y_min)
    return max(width, 0.0) * max(height, 0.0)
