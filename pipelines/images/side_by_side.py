"""Puts the images of a sample beside each other, for display."""

from collections.abc import Sequence

import numpy as np

from schemas.sample import RGB

_GAP = 8  # pixels between two images
_WHITE = 255


def side_by_side(images: Sequence[RGB]) -> RGB:
    """Return one image with all images [height, width, 3] from left to right.

    A single image is returned as it is.
    """
    if len(images) == 1:
        return images[0]
    height = max(len(image) for image in images)
    width = sum(image.shape[1] + _GAP for image in images) - _GAP
    paper = np.full((height, width, 3), _WHITE, np.uint8)
    left = 0
    for image in images:
        paper[: len(image), left : left + image.shape[1]] = image
        left += image.shape[1] + _GAP
    return paper


def in_two_rows(images: Sequence[RGB]) -> RGB:
    """Return one image with all images [height, width, 3] in two rows; two are in one row."""
    if len(images) <= 2:
        return side_by_side(images)
    middle = (len(images) + 1) // 2
    rows = [side_by_side(images[:middle]), side_by_side(images[middle:])]
    columns = [np.swapaxes(row, 0, 1) for row in rows]  # what is beside each other is now below
    return np.swapaxes(side_by_side(columns), 0, 1)
