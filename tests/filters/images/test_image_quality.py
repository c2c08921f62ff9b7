"""Flat images of any color and size are dropped; the score is the deviation of a channel."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from filters import ImageQuality
from schemas.sample import RGB, Sample
from schemas.verdict import Verdict

LUMA = np.array([77, 150, 29]) / 256


def sample(frame: RGB) -> Sample:
    return Sample("s", 0, {}, b"", frame.shape[1], frame.shape[0], (frame,))


def judged(frame: RGB, **options: float) -> Verdict:
    (verdict,) = ImageQuality.model_validate(options).judge([sample(frame)])
    return verdict


def halves(low: int, high: int) -> RGB:
    """A gray frame of two levels; its standard deviation is half their difference."""
    frame = np.full((8, 8, 3), low, np.uint8)
    frame[:4] = high
    return frame


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (13, 200, 77)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 10_000), (700, 500)])
def test_one_color_is_flat(color: tuple[int, int, int], shape: tuple[int, int]) -> None:
    verdict = judged(np.full((*shape, 3), color, np.uint8))
    assert (verdict.action, verdict.reason) == ("drop", "image_flat")
    assert verdict.scores == {"contrast": 0.0}


@pytest.mark.parametrize(("high", "action"), [(104, "keep"), (103, "drop")])
def test_the_bound_is_inclusive(high: int, action: str) -> None:
    verdict = judged(halves(100, high), min_contrast=2.0)
    assert verdict.action == action
    assert verdict.scores["contrast"] == (high - 100) / 2


@pytest.mark.parametrize(("is_video", "action"), [(False, "drop"), (True, "keep")])
def test_a_video_may_begin_in_black_and_an_animation_may_not(is_video: bool, action: str) -> None:
    black = np.zeros((8, 8, 3), np.uint8)
    frames = (black, halves(0, 200), black)
    (verdict,) = ImageQuality().judge([replace(sample(black), frames=frames, is_video=is_video)])
    assert verdict.action == action


def test_a_video_of_flat_frames_is_flat() -> None:
    frames = tuple(np.full((8, 8, 3), level, np.uint8) for level in (0, 90, 255))
    (verdict,) = ImageQuality().judge([replace(sample(frames[0]), frames=frames, is_video=True)])
    assert (verdict.action, verdict.reason) == ("drop", "image_flat")


def test_nothing_is_flat_without_a_bound() -> None:
    assert judged(halves(5, 5), min_contrast=0).action == "keep"


def deviation(frame: RGB) -> float:
    return float(frame.reshape(-1, 3).astype(np.float64).std(axis=0).max())


def test_colors_of_equal_luma_are_not_flat() -> None:
    frame = np.full((8, 8, 3), (200, 60, 0), np.uint8)
    frame[:4] = (0, 120, 214)
    assert abs(float(frame[0, 0] @ LUMA - frame[7, 0] @ LUMA)) < 2
    assert judged(frame).action == "keep"


@given(st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_a_gray_image_scores_the_deviation_of_its_luma(level: int, seed: int) -> None:
    gray = np.random.default_rng(seed).integers(0, level + 1, (9, 7, 1), np.uint8)
    frame = np.repeat(gray, 3, axis=2)
    assert judged(frame).scores["contrast"] == pytest.approx((frame @ LUMA).std(), abs=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
def test_the_score_is_the_largest_deviation_of_a_channel(
    seed: int, height: int, width: int
) -> None:
    frame = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    score = judged(frame).scores["contrast"]
    assert score == pytest.approx(deviation(frame), abs=1e-9)
    assert score >= (frame @ LUMA).std() - 1e-9


def test_large_images_are_summed_piece_by_piece() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (1000, 1000, 3), np.uint8)
    assert judged(frame).scores["contrast"] == pytest.approx(deviation(frame), abs=1e-9)
    assert judged(frame[::2, ::3]).action == "keep"  # a view that is not contiguous


def test_verdicts_are_in_the_order_of_the_items() -> None:
    samples = [sample(halves(0, high)) for high in (0, 200, 1)]
    assert [each.action for each in ImageQuality().judge(samples)] == ["drop", "keep", "drop"]


@pytest.mark.parametrize("options", [{"min_contrast": -1}, {"min_contrast": 128}, {"flat": 1}])
def test_senseless_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        ImageQuality.model_validate(options)
