"""Objects that a model locates in an image, in pixels."""

from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    """A box in pixels of the upright original; the right and lower edges are exclusive."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float


@dataclass(frozen=True, slots=True)
class Detection:
    """One located object."""

    label: str  # "" if the model writes no label, as fine-tunes on RefCOCO
    box: Box
    score: float | None = None  # probability from 0 to 1; None if the tokens do not give one
    codes: tuple[int, ...] = ()  # the model family's codes of the mask, or none
