"""Turns decoded frames of videos into upright RGB images, with equal pixels on every machine."""

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from pipelines.images.color import to_rgb
from pipelines.images.image import UprightImage

if TYPE_CHECKING:
    from av import VideoFrame


class FrameConverter:
    """Converts frames by swscale: its flags make all processors give the same pixels.

    The matrix and the range of colors are those that the video states, else BT.601 and the limited
    range, as FFmpeg assumes. Transparent pixels become white.
    """

    def __init__(self) -> None:
        from av.video.reformatter import Interpolation, VideoReformatter

        self._reformatter = VideoReformatter()
        self._flags = (
            Interpolation.BICUBIC
            | Interpolation.FULL_CHR_H_INT
            | Interpolation.ACCURATE_RND
            | Interpolation.BITEXACT
        )

    def upright(self, frame: "VideoFrame") -> UprightImage:
        """Return a frame as RGB, turned as the video's display matrix says."""
        has_alpha = any(part.is_alpha for part in frame.format.components)
        converted = self._reformatter.reformat(
            frame,
            format="rgba" if has_alpha else "rgb24",
            interpolation=self._flags,
            threads=1,
        )
        image = to_rgb(Image.fromarray(converted.to_ndarray()))
        for transposition in _turns(display_matrix(frame)):
            image = image.transpose(transposition)
        return UprightImage(image)


def display_matrix(frame: "VideoFrame") -> tuple[int, int, int, int]:
    """Return a, b, c, d of the matrix that maps x, y of a frame to a*x + c*y, b*x + d*y.

    Only turns by quarters and mirror images are given, whose entries are -1, 0 or 1; any other
    matrix is treated as absent.
    """
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is not None:
        entries = np.frombuffer(bytes(data), "<i4")
        a, b, c, d = (int(entries[place]) for place in (0, 1, 3, 4))
        signs = tuple((value > 0) - (value < 0) for value in (a, b, c, d))
        if all(abs(value) in (0, 1 << 16) for value in (a, b, c, d)) and signs in _MATRICES:
            return signs
    return 1, 0, 0, 1


def swaps_sides(matrix: tuple[int, int, int, int]) -> bool:
    """Return whether a display matrix swaps width and height."""
    return matrix[0] == 0


_MATRICES = frozenset({(a, 0, 0, d) for a in (-1, 1) for d in (-1, 1)}) | frozenset(
    {(0, b, c, 0) for b in (-1, 1) for c in (-1, 1)}
)


def _turns(matrix: tuple[int, int, int, int]) -> list[Image.Transpose]:
    a, b, c, d = matrix
    turns = [Image.Transpose.TRANSPOSE] if swaps_sides(matrix) else []
    if a + c < 0:
        turns.append(Image.Transpose.FLIP_LEFT_RIGHT)
    if b + d < 0:
        turns.append(Image.Transpose.FLIP_TOP_BOTTOM)
    return turns
