"""Captions follow the grammar of each language."""

import pytest

from demo.scenes import words


@pytest.mark.parametrize(
    ("language", "color", "shape", "name"),
    [
        ("en", "red", "star", "a red star"),
        ("en", "orange", "cross", "an orange cross"),
        ("es", "red", "star", "una estrella roja"),
        ("es", "blue", "circle", "un círculo azul"),
        ("de", "red", "star", "ein roter Stern"),
        ("de", "white", "cross", "ein weißes Kreuz"),
        ("de", "orange", "diamond", "eine orange Raute"),
    ],
)
def test_adjectives_agree(language: words.Language, color: str, shape: str, name: str) -> None:
    assert words.name(language, color, shape) == name


def test_things_are_listed_and_the_print_comes_last() -> None:
    things = [("red", "star"), ("blue", "circle"), ("green", "cross")]
    assert words.caption("en", things[:1]) == "a red star"
    assert words.caption("en", things) == "a red star, a blue circle and a green cross"
    assert (
        words.caption("de", things[:2], "TAXI")
        == "ein roter Stern und ein blauer Kreis mit dem Wort TAXI"
    )


def test_only_a_placard_shows_no_shape() -> None:
    assert [words.caption(language, []) for language in words.LANGUAGES] == [
        "a forbidden placard",
        "un cartel prohibido",
        "ein verbotenes Schild",
    ]
