"""COCO's mean average precision of boxes, which ranks the boxes of all images together."""

import io
from collections.abc import Iterable, Mapping
from contextlib import redirect_stdout
from typing import Any, cast

from pipelines.evaluation.metrics.metric import Scored
from pipelines.evaluation.metrics.values import BoxedLabel, folded

_RESULTS = ("map", "map50", "map75")  # COCOeval's first three numbers


def coco_map(samples: Iterable[Scored]) -> dict[str, float]:
    """Return AP over IoU 0.5 to 0.95, at 0.5, and at 0.75, as pycocotools' COCOeval computes it.

    Values are NaN if no sample has a reference. A box without a score has the score 1, so that
    the boxes of an output without scores are not ranked. All boxes are held in memory. The values
    are no sum over samples: there are no scores of samples, and no intervals.
    """
    labels: dict[str, int] = {}
    truth: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    images = 0
    for images, sample in enumerate(samples, 1):
        for boxes, into in ((sample.prediction, found), (sample.references, truth)):
            for box in cast(tuple[BoxedLabel, ...], boxes):
                number = labels.setdefault(folded(box.label), len(labels) + 1)
                into.append({"image_id": images, "category_id": number, **_coco_box(box)})
    if not truth or not found:
        return dict.fromkeys(_RESULTS, 0.0 if truth else float("nan"))
    return _evaluated(images, labels, truth, found)


def _coco_box(box: BoxedLabel) -> Mapping[str, Any]:
    width, height = box.x_max - box.x_min, box.y_max - box.y_min
    area = max(width, 0.0) * max(height, 0.0)
    sides = [box.x_min, box.y_min, width, height]
    return {"bbox": sides, "area": area, "iscrowd": 0, "score": box.score}


def _evaluated(
    images: int,
    labels: Mapping[str, int],
    truth: list[dict[str, Any]],
    found: list[dict[str, Any]],
) -> dict[str, float]:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with redirect_stdout(io.StringIO()):  # both print
        sets = []
        for annotations in (truth, found):
            coco = COCO()
            coco.dataset = {
                "images": [{"id": number} for number in range(1, images + 1)],
                "categories": [{"id": number} for number in labels.values()],
                "annotations": [{"id": n, **each} for n, each in enumerate(annotations, 1)],
            }
            coco.createIndex()
            sets.append(coco)
        evaluation = COCOeval(*sets, iouType="bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return {name: float(evaluation.stats[place]) for place, name in enumerate(_RESULTS)}
