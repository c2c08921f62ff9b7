"""COCO's mean average precision of boxes, which ranks the boxes of all images together."""

import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from pipelines.evaluation.metrics.metric import Floats, Kind, Scored
from pipelines.evaluation.metrics.ranked_boxes import RankedBoxes, Times, mean_over_labels
from pipelines.evaluation.metrics.values import BoxedLabel, folded

_RESULTS = ("map", "map50", "map75")  # COCOeval's first three numbers
_EVERY_AREA = [0, 1e10]  # square pixels
_NOWHERE = (0.0, 0.0, 0.0, 0.0)  # edges of a box without area, which meets nothing
_MOST_BOXES = 100  # of a label in an image, as COCOeval counts them


@dataclass(frozen=True, slots=True)
class RankedCorpus:
    """The boxes of all images, ranked, and the values that COCOeval computes."""

    images: int
    values: Mapping[str, float]  # NaN if no image has a reference
    labels: Sequence[RankedBoxes]  # none if there is no box, or no reference
    thresholds: Floats  # of IoU
    recalls: Floats

    def resampled(self, times: Times) -> Mapping[str, Floats]:
        """Return the values of resamples, each [resamples]; NaN for one without references.

        `times`, [resamples, images], says how often a resample has an image.
        """
        if not self.labels:
            return {name: np.full(len(times), value) for name, value in self.values.items()}
        found = mean_over_labels(self.labels, times, self.recalls)
        at_half, at_three_quarters = np.searchsorted(self.thresholds, [0.5, 0.75])
        columns = found.mean(axis=1), found[:, at_half], found[:, at_three_quarters]
        return dict(zip(_RESULTS, columns, strict=True))


class CocoMap:
    """AP over IoU 0.5 to 0.95, at 0.5, and at 0.75, as pycocotools' COCOeval computes it.

    A box without a score has the score 1, so that the boxes of an output without scores are ranked
    by the order of samples alone. Labels are compared without regard to case and white space. The
    values are no sum over samples, so that samples have no scores of their own. A failed answer
    counts as a wrong box with the score 1 for each reference: without boxes, it would raise the
    precision of the corpus.
    """

    name: ClassVar[str] = "coco_map"
    kind: ClassVar[Kind] = "boxes"
    tasks: ClassVar[tuple[str, ...]] = ("detect", "segment")
    results: ClassVar[tuple[str, ...]] = _RESULTS

    def corpus(self, samples: Iterable[Scored]) -> RankedCorpus:
        """Rank the boxes of all samples, which are held in memory.

        For `compare_corpus`, two samples follow each other: the same image with both answers.
        """
        truth: list[dict[str, Any]] = []
        found: list[dict[str, Any]] = []
        images = 0
        for images, sample in enumerate(samples, 1):
            references = cast(tuple[BoxedLabel, ...], sample.references)
            given = cast(tuple[BoxedLabel, ...], sample.prediction)
            if sample.failed:
                given = tuple(BoxedLabel(each.label, *_NOWHERE) for each in references)
            for boxes, into in ((given, found), (references, truth)):
                for box in boxes:
                    label = folded(box.label)
                    into.append({"image_id": images, "category_id": label, **_coco_box(box)})
        if not truth or not found:
            values = dict.fromkeys(_RESULTS, 0.0 if truth else float("nan"))
            return RankedCorpus(images, values, (), np.empty(0), np.empty(0))
        return _evaluated(images, truth, found)


def _coco_box(box: BoxedLabel) -> Mapping[str, Any]:
    width, height = box.x_max - box.x_min, box.y_max - box.y_min
    area = max(width, 0.0) * max(height, 0.0)
    sides = [box.x_min, box.y_min, width, height]
    return {"bbox": sides, "area": area, "iscrowd": 0, "score": box.score}


def _evaluated(
    images: int, truth: list[dict[str, Any]], found: list[dict[str, Any]]
) -> RankedCorpus:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    labels = sorted({each["category_id"] for each in (*truth, *found)})
    with redirect_stdout(io.StringIO()):  # both print
        sets = []
        for annotations in (truth, found):
            coco = COCO()
            coco.dataset = {
                "images": [{"id": number} for number in range(1, images + 1)],
                "categories": [{"id": label} for label in labels],
                "annotations": [{"id": n, **each} for n, each in enumerate(annotations, 1)],
            }
            coco.createIndex()
            sets.append(coco)
        evaluation = COCOeval(*sets, iouType="bbox")
        evaluation.params.areaRng = [_EVERY_AREA]  # the other three take three quarters of the time
        evaluation.params.areaRngLbl = ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return RankedCorpus(
        images,
        {name: float(evaluation.stats[place]) for place, name in enumerate(_RESULTS)},
        [
            _ranked(evaluation.evalImgs[start : start + images])
            for start in range(0, len(labels) * images, images)
        ],
        evaluation.params.iouThrs,
        evaluation.params.recThrs,
    )


def _ranked(evaluated: Sequence[dict[str, Any] | None]) -> RankedBoxes:
    """Rank the boxes of a label from what COCOeval found in each image, None without any box."""
    known = [each for each in evaluated if each is not None]
    scores = [each["dtScores"][:_MOST_BOXES] for each in known]
    places = np.array([each["image_id"] - 1 for each in known], np.intp)
    order = np.argsort(-np.concatenate(scores), kind="stable")
    truths = np.array([np.count_nonzero(each["gtIgnore"] == 0) for each in known], np.float64)
    matched = [each["dtMatches"][:, :_MOST_BOXES] != 0 for each in known]
    return RankedBoxes(
        np.repeat(places, [len(each) for each in scores])[order],
        np.concatenate(matched, axis=1)[:, order],
        places[truths > 0],
        truths[truths > 0],
    )
