"""Training clips: drawn once, resized for the model, and kept in memory."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from PIL import Image

from demo.scenes.clips import Clip, draw_clip
from schemas.sample import RGB

FRAMES = 4


class ClipBatch(NamedTuple):
    """Clips, and their frames as a model gets them."""

    frames: RGB  # [clips, FRAMES, S, S, 3]
    clips: Sequence[Clip]  # without their frames

    def choose(self, numbers: Sequence[int]) -> "ClipBatch":
        return ClipBatch(self.frames[list(numbers)], [self.clips[number] for number in numbers])


def draw(seed: int, number: int, side: int) -> ClipBatch:
    """Draw the first clips of a seed, 0.2 MB each at 128 pixels."""
    clips = [draw_clip(seed, index, FRAMES) for index in range(number)]
    size = (side, side)
    frames = [
        np.asarray(frame.resize(size, Image.Resampling.BICUBIC))
        for clip in clips
        for frame in clip.frames
    ]
    return ClipBatch(
        np.stack(frames).reshape(number, FRAMES, side, side, 3),
        [replace(clip, frames=()) for clip in clips],
    )
