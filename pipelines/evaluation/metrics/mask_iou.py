"""Intersection over union of masks, as RefCOCO is scored."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from pycocotools import mask as coco

from pipelines.evaluation.metrics.metric import Floats, Metric, Scored, ratio
from pipelines.rows.run_lengths import RunLengths


class MaskIou(Metric):
    """mIoU, the mean over samples, and cIoU, the sum of intersections over the sum of unions.

    A sample's references are joined to one mask. A missing mask, and one of another size, meets
    nothing. A failed answer counts as a mask as large as the references that meets nothing: a
    missing mask makes the union smaller than a wrong one. The statistics are the IoU and the areas
    of intersection and union, in pixels.
    """

    name = "mask_iou"
    kind = "masks"
    tasks = ("segment",)
    results = ("miou", "ciou")

    def statistics(self, samples: Sequence[Scored]) -> Floats:
        rows = [
            _areas(cast(RunLengths | None, given), cast(tuple[RunLengths], references), failed)
            for given, references, failed in samples
        ]
        areas = np.array(rows, np.float64).reshape(-1, 2)
        return np.column_stack([ratio(areas[:, 0], areas[:, 1]), areas])

    def values(self, sums: Floats, samples: Floats | float) -> Mapping[str, Floats]:
        return {"miou": sums[..., 0] / samples, "ciou": ratio(sums[..., 1], sums[..., 2])}


def _areas(
    given: RunLengths | None, references: tuple[RunLengths, ...], failed: bool
) -> tuple[float, float]:
    """Return the areas of intersection and union."""
    wanted = coco.merge([mask._asdict() for mask in references])
    area = float(coco.area(wanted))
    if given is None:
        return 0.0, 2 * area if failed else area
    alone = float(coco.area(given._asdict()))
    if list(given.size) != list(wanted["size"]):
        return 0.0, area + alone
    common = float(coco.area(coco.merge([given._asdict(), wanted], intersect=True)))
    return common, area + alone - common
