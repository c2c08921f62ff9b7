"""Precision, recall and F1 of spotted words, by the protocols of ICDAR 2015 and of HierText.

Both protocols take polygons. The boxes of answers are upright, so that a reference that is a
polygon is to be given as its bounding box.
"""

from typing import ClassVar

import numpy as np

from pipelines.evaluation.metrics.box_matching import BoxF1, box_area, common_area, iou
from pipelines.evaluation.metrics.metric import Kind
from pipelines.evaluation.metrics.values import BoxedLabel

_IOU = 0.5
_UNREADABLE = "###"  # the text of words that are not scored
_EDGE_MARKS = "!?.:,*\"()·[]/'"  # which a reference may have at its ends, and an answer may lack
_EPSILON = 1e-5  # pixels: HierText adds it to areas that it divides by

Words = tuple[BoxedLabel, ...]


class TextSpotting(BoxF1):
    """F1, precision and recall of words end to end, as ICDAR 2015's script computes them.

    Each reference takes the first free prediction whose IoU is above 0.5, whatever its text; the
    pair is right if the texts are equal without regard to case, or lack a mark at an end of the
    reference. References `###` are not scored, nor predictions that lie in one by more than half.
    """

    name = "text_spotting"
    kind: ClassVar[Kind] = "words"
    tasks: ClassVar[tuple[str, ...]] = ("ocr_boxes",)

    def counts(self, given: Words, wanted: Words) -> tuple[int, int, int]:
        unread = [word for word in wanted if word.label == _UNREADABLE]
        scored = [word for word in wanted if word.label != _UNREADABLE]
        outside = [
            word
            for word in given
            if all(common_area(word, each) <= box_area(word) / 2 for each in unread)
        ]
        free, right = [*outside], 0
        for reference in scored:
            places = (n for n, word in enumerate(free) if iou(word, reference) > _IOU)
            place = next(places, None)
            if place is not None:
                right += _is_transcription(free.pop(place).label, reference.label)
        return right, len(outside) - right, len(scored) - right


class HierText(BoxF1):
    """F1, precision and recall of words, as in HierText's competition (arXiv 2203.15143).

    PaliGemma 2's card has these of ICDAR 2015 and Total-Text. A prediction and a reference are a
    pair if each has the greatest IoU with the other one, of 0.5 or more; a pair is right if the
    texts are equal, each character. References `###` are not scored, nor predictions of which
    half or more lies in one.
    """

    name = "hiertext"
    kind: ClassVar[Kind] = "words"
    tasks: ClassVar[tuple[str, ...]] = ("ocr_boxes",)
    results = ("hiertext_f1", "hiertext_precision", "hiertext_recall")

    def counts(self, given: Words, wanted: Words) -> tuple[int, int, int]:
        unread = [word for word in wanted if word.label == _UNREADABLE]
        scored = [word for word in wanted if word.label != _UNREADABLE]
        outside = [
            word
            for word in given
            if all(common_area(word, each) / (box_area(word) + _EPSILON) < _IOU for each in unread)
        ]
        right = _mutual(outside, scored) if outside and scored else 0
        return right, len(outside) - right, len(scored) - right


def _is_transcription(answer: str, reference: str) -> bool:
    given, wanted = answer.upper(), reference.upper()
    first, last = wanted[:1] in _EDGE_MARKS, wanted[-1:] in _EDGE_MARKS
    accepted = [wanted]
    if wanted and first:
        accepted.append(wanted[1:])
    if wanted and last:
        accepted.append(wanted[:-1])
    if wanted and first and last:
        accepted.append(wanted[1:-1])
    return given in accepted


def _mutual(given: list[BoxedLabel], wanted: list[BoxedLabel]) -> int:
    """Return the number of pairs with the greatest IoU for both, and the same text."""
    overlaps = np.array([[_padded_iou(each, word) for word in given] for each in wanted])
    best_words, best_references = overlaps.argmax(axis=1), overlaps.argmax(axis=0)
    return sum(
        bool(overlaps[n, best] >= _IOU)
        and best_references[best] == n
        and given[best].label == wanted[n].label
        for n, best in enumerate(best_words)
    )


def _padded_iou(left: BoxedLabel, right: BoxedLabel) -> float:
    common = common_area(left, right)
    return common / (box_area(left) + box_area(right) - common + _EPSILON)
