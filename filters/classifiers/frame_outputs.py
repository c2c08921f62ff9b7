"""The outputs of an image classifier for all frames of images."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from schemas.sample import Sample

if TYPE_CHECKING:
    from filters.classifiers.hugging_face import ImageClassifier  # which imports torch


def frame_outputs(
    classifier: "ImageClassifier", items: Sequence[Sample], index: int
) -> Iterator[npt.NDArray[np.float32]]:
    """Yield, for each sample, the classifier's output at `index` for its frames: [frames].

    The frames of all samples are classified together.
    """
    outputs = iter(classifier.judge([frame for item in items for frame in item.frames]))
    for item in items:
        yield np.stack([*islice(outputs, len(item.frames))])[:, index]
