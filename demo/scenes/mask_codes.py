"""The segmentation codes of the shapes' masks."""

from demo.scenes import words
from inference.families.paligemma.locations import MASK_CODES


def of(label: str) -> tuple[int, ...]:
    """The shape's sixteen segmentation codes, for the 4 x 4 parts of its mask in raster order.

    A shape always fills its box the same way, so there are only six masks.
    """
    first = MASK_CODES * words.SHAPES.index(label)
    return tuple(range(first, first + MASK_CODES))
