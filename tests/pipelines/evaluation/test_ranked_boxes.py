"""Average precision of resamples has the bits of the plain computation, box by box."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.evaluation.metrics import ranked_boxes as module
from pipelines.evaluation.metrics.metric import Floats
from pipelines.evaluation.metrics.ranked_boxes import RankedBoxes, Times

RECALLS = np.linspace(0, 1, 101)
IMAGES = 12


def plain(boxes: RankedBoxes, times: Times) -> Floats:
    """Return what `average_precision` returns, as COCOeval accumulates it."""
    found = np.full((len(times), len(boxes.matched)), np.nan)
    for place, each in enumerate(times):
        wanted = float(sum(each[boxes.truth_images] * boxes.truths))
        weights = each[boxes.images].astype(np.float64)
        for number, matched in enumerate(boxes.matched if wanted else ()):
            right, ranks = (weights * matched).cumsum(), weights.cumsum()
            precision = right / (ranks + np.spacing(1))
            best = np.maximum.accumulate(precision[::-1])[::-1]
            reached = np.searchsorted(RECALLS, right / wanted, side="right")
            found[place, number] = (best * np.diff(reached, prepend=0)).sum() / len(RECALLS)
    return found


@pytest.mark.parametrize("at_once", [1, 1 << 6, 1 << 16])
@given(data=st.data())
def test_bits_are_those_of_the_plain_computation(at_once: int, data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 1 << 32))
    number = data.draw(st.integers(0, 200))
    share = data.draw(st.sampled_from([0.0, 0.05, 0.5, 1.0]))
    most = data.draw(st.sampled_from([1, 2, 4]))  # with 1, a resample has an image or not
    random = np.random.default_rng(seed)
    truth_images = np.flatnonzero(random.random(IMAGES) < 0.7)
    matched = random.random((3, number)) < share
    boxes = RankedBoxes(
        random.integers(0, IMAGES, number),
        matched,
        truth_images,
        random.integers(max(1, number), number + 9, len(truth_images)).astype(np.float64),
    )
    times = random.integers(0, most + 1, (9, IMAGES)).astype(np.uint16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_NUMBERS_AT_ONCE", at_once)
        found = boxes.average_precision(times, RECALLS)
    np.testing.assert_array_equal(found, plain(boxes, times))
