"""Makes a small picture of a decoded image, for a page that shows many."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from schemas.sample import RGB, TextBox

SIDE = 480  # pixels: the longest side of a small picture
_QUALITY = 72  # of WebP: about 20 KB for a photograph
_COVER = (128, 128, 128)


def small_picture(image: RGB, size: tuple[int, int], covered: Sequence[TextBox] = ()) -> bytes:
    """Return the image as a WebP without metadata, reduced to SIDE; a smaller image keeps its size.

    The boxes are covered in gray, as `cover` does.
    """
    picture = Image.fromarray(cover(image, size, covered))
    picture.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=_QUALITY)
    return file.getvalue()


def cover(image: RGB, size: tuple[int, int], boxes: Sequence[TextBox]) -> RGB:
    """Return the image with the boxes covered in gray.

    `size` is the width and height of the image to whose pixels the boxes refer, which may have been
    decoded at a smaller scale.
    """
    if not boxes:
        return image
    picture = Image.fromarray(image)
    across, down = picture.width / size[0], picture.height / size[1]
    for box in boxes:
        left, top = int(box.left * across), int(box.top * down)
        right, bottom = -int(-box.right * across // 1), -int(-box.bottom * down // 1)
        picture.paste(_COVER, (left, top, min(right, picture.width), min(bottom, picture.height)))
    return np.asarray(picture)
