"""Reads the boxes of an answer or a reference, to draw them over a picture."""

from collections.abc import Mapping

from pycocotools import mask as coco

from pipelines.evaluation.metrics.values import (
    BoxedLabel,
    WrongValue,
    read_prediction,
    read_references,
)
from pipelines.rows.run_lengths import RunLengths


def shown_boxes(value: object) -> list[BoxedLabel]:
    """Return the boxes of objects or words in pixels, of a mask alone the box around it.

    There are none in texts, and in objects that cannot be read.
    """
    listed = [value] if isinstance(value, Mapping) else value
    if not isinstance(listed, list):
        return []
    return [box for each in listed if (box := _box(each)) is not None]


def _box(value: object) -> BoxedLabel | None:
    try:
        (box,) = read_references("boxes", [value])
        return box if isinstance(box, BoxedLabel) else None
    except WrongValue:
        pass
    try:
        mask = read_prediction("masks", [value])
        if not isinstance(mask, RunLengths):
            return None
        left, top, width, height = map(float, coco.toBbox(mask._asdict()))
    except ValueError:  # WrongValue is one
        return None
    return BoxedLabel("", left, top, left + width, top + height)
