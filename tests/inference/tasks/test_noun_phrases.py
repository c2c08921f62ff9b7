"""Noun phrases of captions as COCO and the demo write them, and what the rules do not know."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.tasks.noun_phrases import MOST_PHRASES, head_noun, noun_phrases


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("a red circle and a blue square", ["red circle", "blue square"]),
        ("A man riding a wave on top of a surfboard.", ["man", "wave", "surfboard"]),
        ("two dogs are sitting on a wooden bench", ["dogs", "wooden bench"]),
        ("a woman in a white dress holding an umbrella", ["woman", "white dress", "umbrella"]),
        ("a bunch of bananas hanging from the ceiling", ["bananas", "ceiling"]),
        (
            "a stop sign, a fire hydrant, and three parked cars",
            ["stop sign", "fire hydrant", "cars"],
        ),
        ("the side of a tall building with a clock", ["tall building", "clock"]),
        ("a cat laying next to a remote control", ["cat", "remote control"]),
        ("There is a pizza covered with cheese in the background", ["pizza", "cheese"]),
        ("a baby's toy and the man's hat", ["baby's toy", "man's hat"]),
        ("a t-shirt; a T-shirt", ["t-shirt"]),
        ("a kitchen with stainless steel appliances", ["kitchen", "stainless steel appliances"]),
        ("a black star with the word SALE", ["black star"]),
        ("people standing around", ["people"]),
        ("a running dog", ["running dog"]),
        ("a view of the image", []),
        ("", []),
        ("!!! 12", []),
        # A verb that no list has joins the phrase.
        ("a dog catches a frisbee", ["dog catches", "frisbee"]),
    ],
)
def test_noun_phrases_of_captions(caption: str, expected: list[str]) -> None:
    assert noun_phrases(caption) == expected


def test_the_head_names_the_object() -> None:
    assert head_noun("big red circle") == "circle"


def test_a_long_text_has_no_more_phrases_than_may_be_asked() -> None:
    text = ", ".join(f"a {left}{right}" for left in "bcdfghjk" for right in "lmnpqrst")
    assert len(noun_phrases(text)) == MOST_PHRASES


@settings(max_examples=50)
@given(st.text(st.sampled_from("abe in,.'’;<>\n12é-"), max_size=60))
def test_any_text_gives_labels_that_can_be_asked(text: str) -> None:
    for phrase in noun_phrases(text):
        assert phrase == " ".join(phrase.split())
        assert not set(phrase) & set(";<>\n")
        assert phrase in text.lower().replace("’", "'") or " " in phrase
