"""The job file's `input.video`: which frames of a video the model sees."""

from pydantic import Field, PositiveInt

from schemas.frozen import Frozen


class VideoFrames(Frozen):
    """The frames of a video that the model sees, one model image for each."""

    frames: PositiveInt = Field(8, le=256)
    """The frames of a video that the model sees.

    Their image tokens follow each other in the prompt, and are at most 4,096. A shorter video's
    frames are repeated from the first on.
    """
    stride: PositiveInt | None = None
    """The distance of two frames, in frames, from the first frame on.

    Null: the first frame, the last, and frames evenly between them. The published checkpoints were
    asked with 16 frames: MSR-VTT with stride 9, VATEX 7, captions of ActivityNet 30, its questions
    70; questions of MSVD with 8 frames and stride 26.
    """

    def positions(self, num_frames: int) -> list[int]:
        """Return the positions of the different frames of a video that the model sees, sorted."""
        if self.stride is None:
            return evenly_spaced(num_frames, self.frames)
        return list(range(0, num_frames, self.stride))[: self.frames]


def evenly_spaced(number: int, most: int) -> list[int]:
    """Return the indices of at most `most` of `number` frames, evenly spaced.

    The first and the last frame are included; if `most` is 1, only the first.
    """
    if number <= most:
        return list(range(number))
    return sorted({round(step * (number - 1) / max(most - 1, 1)) for step in range(most)})
