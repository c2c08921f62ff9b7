"""Few known names are listed whole, of many the closest ones."""

import pytest

from schemas.known_names import close_names, known_names

MANY = ("key", "shard", "caption", "caption_info", "caption_logprobs", *"abcdefghij")


def test_a_few_names_are_listed_in_their_order_and_once() -> None:
    assert known_names("x", ["b", "a", "b"]) == "b, a"
    assert known_names("x", []) == "none"
    assert known_names("x", "abcdefghij") == "a, b, c, d, e, f, g, h, i, j"


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("captoin", "caption, caption_info and 13 more"),
        ("CAPTION_LOGPROB", "caption_logprobs, caption_info, caption and 12 more"),
        ("nothing", "key, shard, caption and 12 more"),
    ],
)
def test_of_many_names_the_closest_are_listed(wanted: str, text: str) -> None:
    assert known_names(wanted, MANY) == text


def test_names_that_contain_the_wanted_one_are_close() -> None:
    assert close_names("info", MANY) == ["caption_info"]
    assert close_names("ion_in", MANY)[-1] == "caption_info"


def test_names_that_differ_in_case_alone_are_all_close() -> None:
    assert close_names("TOXIC", ["Toxic", "other", "toxic"]) == ["Toxic", "toxic"]
