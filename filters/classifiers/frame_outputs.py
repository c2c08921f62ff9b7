"""The outputs of an image classifier for all frames of images."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt

from schemas.sample import RGB, Sample


class FrameClassifier(Protocol):
    """A classifier of single images."""

    def judge(self, images: Sequence[RGB], /) -> Sequence[npt.NDArray[np.float32]]:
        """Return the outputs for each image: [outputs]."""


def frame_outputs(
    classifier: FrameClassifier, items: Sequence[Sample], index: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield, for each sample, the classifier's output at `index` for its frames: [frames].

    The frames of all samples are classified together.
    """
    outputs = iter(classifier.judge([frame for item in items for frame in item.frames]))
    for item in items:
        yield np.stack([*islice(outputs, len(item.frames))])[:, index]
