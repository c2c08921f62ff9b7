"""Both sides of each of DataComp's bounds; the reason names the rule."""

import pytest
from pydantic import ValidationError

from filters import DatacompBasic
from schemas.sample import Sample, Text

CAPTION = "A red car parked in front of a house"


@pytest.mark.parametrize(
    ("caption", "width", "height", "reason"),
    [
        (CAPTION, 200, 200, ""),
        (CAPTION, 199, 400, "image_too_small"),
        (CAPTION, 400, 199, "image_too_small"),
        (CAPTION, 600, 200, ""),
        (CAPTION, 601, 200, "image_too_elongated"),
        (CAPTION, 200, 601, "image_too_elongated"),
        ("the red house", 300, 300, ""),
        ("the house", 300, 300, "caption_too_few_words"),
        ("the  house \n", 300, 300, "caption_too_few_words"),
        ("he is a", 300, 300, ""),
        ("a I is", 300, 300, ""),
        ("I a I", 300, 300, "caption_too_few_characters"),
        ("Ein rotes Auto vor einem alten Haus", 300, 300, "caption_not_english"),
        ("", 300, 300, "caption_not_english"),
        ("😀 😀 😀 😀", 300, 300, "caption_not_english"),
    ],
)
def test_bounds(caption: str, width: int, height: int, reason: str) -> None:
    sample = Sample("s", 0, {"source_text": Text(caption)}, b"", width, height)
    (verdict,) = DatacompBasic().judge([sample])
    assert (verdict.action, verdict.reason) == ("drop" if reason else "keep", reason)
    assert set(verdict.scores) == {"english", "words", "characters", "short_side", "aspect"}


def test_without_a_caption_nothing_is_kept() -> None:
    (verdict,) = DatacompBasic().judge([Sample("s", 0, {"key": Text("a")}, b"", 300, 300)])
    assert verdict.reason == "caption_not_english"


def test_its_bounds_are_fixed() -> None:
    with pytest.raises(ValidationError):
        DatacompBasic.model_validate({"min_words": 5})
