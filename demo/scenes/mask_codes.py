"""Which segmentation codes stand for the mask of a shape."""

from demo.scenes import words
from inference.families.paligemma.locations import MASK_CODES


def of(label: str) -> tuple[int, ...]:
    """Sixteen codes of the shape's own, for the 4 x 4 parts of its mask in raster order.

    A shape fills its box the same way wherever it stands, so that six masks are all there are.
    """
    first = MASK_CODES * words.SHAPES.index(label)
    return tuple(range(first, first + MASK_CODES))
