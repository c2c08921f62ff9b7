"""Matches boxes with references: precision, recall and F1 of objects, and of spotted words."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, cast

import numpy as np

from pipelines.evaluation.metrics.metric import Floats, Kind, Metric, Scored, ratio
from pipelines.evaluation.metrics.values import BoxedLabel, folded

_IOU = 0.5  # inclusive
_UNREADABLE = "###"  # the text of words that ICDAR and Total-Text do not score


class BoxF1(Metric):
    """F1, precision and recall of boxes with the right label and an IoU of 0.5 or more.

    Boxes are matched one to one, the surest first, each with the free reference of the greatest
    IoU. Labels are compared without regard to case and white space. An image without boxes and
    without references scores 1. The statistics are matched, wrong and missed boxes.
    """

    name = "box_f1"
    kind: ClassVar[Kind] = "boxes"
    tasks: ClassVar[tuple[str, ...]] = ("detect", "segment")
    results = ("f1", "precision", "recall")

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        rows = [
            self.counts(*cast(tuple[tuple[BoxedLabel, ...], tuple[BoxedLabel, ...]], each))
            for each in samples
        ]
        return np.array(rows, np.float64).reshape(-1, 3)

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        matched, wrong, missed = np.moveaxis(sums, -1, 0)
        nothing = (matched + wrong + missed) == 0
        values = (
            ratio(2 * matched, 2 * matched + wrong + missed),
            ratio(matched, matched + wrong),
            ratio(matched, matched + missed),
        )
        names = ("f1", "precision", "recall")
        return {n: np.where(nothing, 1.0, v) for n, v in zip(names, values, strict=True)}

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


class TextSpotting(BoxF1):
    """F1, precision and recall of words with the right text and an IoU of 0.5 or more.

    As ICDAR 2015 and Total-Text are scored end to end, with boxes whose edges are upright: a
    polygon is to be given as its bounding box. Texts are compared without regard to case. Words
    whose reference is `###` are not scored, nor predictions that lie in them by more than half.
    """

    name = "text_spotting"
    kind = "words"
    tasks = ("ocr_boxes",)

    def counts(
        self, given: tuple[BoxedLabel, ...], wanted: tuple[BoxedLabel, ...]
    ) -> tuple[int, int, int]:
        unread = [word for word in wanted if word.label == _UNREADABLE]
        scored = tuple(word for word in wanted if word.label != _UNREADABLE)
        inside = [
            word for word in given if any(_common(word, each) > _area(word) / 2 for each in unread)
        ]
        return super().counts(tuple(word for word in given if word not in inside), scored)


def iou(left: BoxedLabel, right: BoxedLabel) -> float:
    """Return the intersection over union of two boxes, 0 if both are empty."""
    common = _common(left, right)
    union = _area(left) + _area(right) - common
    return common / union if union > 0 else 0.0


def _area(box: BoxedLabel) -> float:
    return max(box.x_max - box.x_min, 0.0) * max(box.y_max - box.y_min, 0.0)


def _common(left: BoxedLabel, right: BoxedLabel) -> float:
    width = min(left.x_max, right.x_max) - max(left.x_min, right.x_min)
    height = min(left.y_max, right.y_max) - max(left.y_min, right.y_min)
    return max(width, 0.0) * max(height, 0.0)
