"""Texts are kept by their detected language and its probability."""

from typing import Any

import pytest
from pydantic import ValidationError

from filters import Language
from filters.text_analysis.language_models import KNOWN_LANGUAGES, _py3langid, eldc_languages
from schemas.sample import Text

ENGLISH = "a photo of the house with a red roof"
GERMAN = "ein altes Haus mit einem roten Dach am Ufer des Flusses"


@pytest.mark.parametrize(
    ("text", "languages", "action", "reason", "score"),
    [
        (ENGLISH, ("en",), "keep", "", "en"),
        (ENGLISH, ("de", "fr"), "drop", "language_unwanted", "en"),
        (GERMAN, ("en", "de"), "keep", "", "de"),
        (GERMAN, ("en",), "drop", "language_unwanted", "de"),
        ("IMG 1234", ("en",), "indeterminate", "language_uncertain", None),
        ("", ("en",), "indeterminate", "language_uncertain", None),
    ],
)
def test_texts_in_other_languages_are_dropped(
    text: str, languages: tuple[str, ...], action: str, reason: str, score: str | None
) -> None:
    (verdict,) = Language(languages=languages).judge([Text(text)])
    assert (verdict.action, verdict.reason) == (action, reason)
    assert list(verdict.scores) == ([score] if score else [])


@pytest.mark.parametrize(
    ("language", "probability", "action"),
    [
        ("en", 0.8, "keep"),
        ("en", 0.79, "indeterminate"),
        ("de", 0.8, "drop"),
        ("de", 0.79, "indeterminate"),
        ("", 0.0, "indeterminate"),
    ],
)
def test_the_lowest_probability_is_inclusive(
    language: str, probability: float, action: str
) -> None:
    stage = Language(languages=("en",), min_probability=0.8)
    assert stage.verdict_on(language, probability).action == action


def test_without_bound_a_short_text_is_still_uncertain() -> None:
    assert (
        Language(languages=("en",), min_probability=0).verdict_on("", 0.0).action == "indeterminate"
    )


@pytest.mark.parametrize("languages", [(), ("english",), ("EN",)])
def test_unknown_languages_are_refused(languages: Any) -> None:
    with pytest.raises(ValidationError):
        Language(languages=languages)


def test_known_languages_are_those_of_the_models() -> None:
    assert set(map(str, _py3langid().nb_classes)) == KNOWN_LANGUAGES
    assert eldc_languages() <= KNOWN_LANGUAGES


GALICIAN = "Dúas rapazas xogan na praia e un home le o xornal baixo unha árbore"


@pytest.mark.parametrize(
    ("text", "languages", "action"),
    [
        (GALICIAN, ("gl",), "keep"),  # asked for by name, so it is told from Spanish
        (GALICIAN, ("en",), "drop"),
        ("Unos perros corren por la playa detrás de una pelota roja", ("gl",), "drop"),
        ("Куче тича по плажа след червена топка", ("bg",), "keep"),
        ("Собака бежит по пляжу за красным мячом", ("bg",), "drop"),
        ("Dua anjing bermain di tepi pantai", ("id",), "keep"),  # unknown to eldc
        ("Mbwa wawili wanacheza ufukweni", ("sw",), "keep"),
        ("Lal gaadi ghar ke saamne khadi hai", ("hi",), "keep"),
        ("Zwei Hunde rennen.", ("de",), "keep"),
        ("빨간 자동차", ("ko",), "keep"),
    ],
)
def test_neighbors_and_rare_languages_can_be_asked_for(
    text: str, languages: tuple[str, ...], action: str
) -> None:
    (verdict,) = Language(languages=languages).judge([Text(text)])
    assert verdict.action == action
