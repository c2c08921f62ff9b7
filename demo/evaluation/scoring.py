"""How near boxes and masks come to the true ones."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Inside = npt.NDArray[np.bool_]  # [height, width]

SAME = 0.5  # IoU from which a box counts as found


class Found(NamedTuple):
    """A box with its label; pixels of the upright image."""

    label: str
    box: tuple[float, float, float, float]  # x_min, y_min, x_max, y_max


class Score(NamedTuple):
    """One line of the table."""

    value: float  # from 0 to 1
    of: int  # how many answers or boxes it was taken over


def detection(boxes: Iterable[tuple[Sequence[Found], Sequence[Found]]]) -> Mapping[str, Score]:
    """F1 at an IoU of 0.5, and the mean IoU of what was found; pairs of the told and the true.

    A told box counts when it has the label of a true one that no other has been matched with.
    """
    told, true = 0, 0
    overlaps: list[float] = []
    for found, truth in boxes:
        told += len(found)
        true += len(truth)
        left = list(truth)
        for each in found:
            alike = [other for other in left if other.label == each.label]
            best = max(alike, key=lambda other: overlap(each.box, other.box), default=None)
            if best is not None and overlap(each.box, best.box) >= SAME:
                overlaps.append(overlap(each.box, best.box))
                left.remove(best)
    f1 = 2 * len(overlaps) / (told + true) if told + true else 1.0
    mean = float(np.mean(overlaps)) if overlaps else 0.0
    return {"boxes F1": Score(f1, true), "boxes IoU": Score(mean, len(overlaps))}


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if min(width, height) <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def mask_overlap(told: Iterable[Inside], true: Inside) -> float:
    """Intersection over union of a true mask and the one that comes nearest; 0 without any."""
    shared = [(each & true).sum() / (each | true).sum() for each in told]
    return float(max(shared, default=0.0))
