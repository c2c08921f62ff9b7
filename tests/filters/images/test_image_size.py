"""Both sides of both bounds, for portrait and landscape images."""

import numpy as np
import pytest
from pydantic import ValidationError

from filters import ImageSize
from schemas.sample import Sample
from schemas.verdict import Verdict


def judged(width: int, height: int, **bounds: float) -> Verdict:
    (verdict,) = ImageSize.model_validate(bounds).judge([Sample("s", 0, {}, b"", width, height)])
    return verdict


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [
        (64, 64, ""),
        (63, 64, "image_too_small"),
        (64, 63, "image_too_small"),
        (192, 64, ""),
        (64, 192, ""),
        (193, 64, "image_too_elongated"),
        (64, 193, "image_too_elongated"),
        (1, 10_000, "image_too_small"),
    ],
)
def test_bounds_are_inclusive(width: int, height: int, reason: str) -> None:
    verdict = judged(width, height, min_side=64, max_aspect=3.0)
    assert verdict.reason == reason
    assert verdict.action == ("drop" if reason else "keep")


def test_kept_and_dropped_items_have_scores() -> None:
    assert judged(400, 250, min_side=200).scores == {"short_side": 250, "aspect": 1.6}
    assert judged(400, 250, min_side=300).scores == {"short_side": 250, "aspect": 1.6}


def test_verdicts_are_in_the_order_of_the_items() -> None:
    samples = [Sample("s", 0, {}, b"", side, side) for side in (10, 300, 20)]
    actions = [verdict.action for verdict in ImageSize().judge(samples)]
    assert actions == ["drop", "keep", "drop"]


@pytest.mark.parametrize("bounds", [{"min_side": 0}, {"max_aspect": 0.9}, {"min_width": 3}])
def test_senseless_bounds_are_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ImageSize.model_validate(bounds)


def test_a_ratio_is_compared_in_the_precision_in_which_rows_store_it() -> None:
    stage = ImageSize(min_side=1, max_aspect=1.1)
    for short, long, action in ((10, 11, "keep"), (100, 110, "keep"), (1000, 1101, "drop")):
        stored = {"short_side": short, "aspect": float(np.float32(long / short))}
        (verdict,) = (stage.decide(scores) for scores in [stored])
        assert verdict is not None
        assert verdict.action == action
        exact = stage.decide({"short_side": short, "aspect": long / short})
        assert exact is not None
        assert exact.action == action
