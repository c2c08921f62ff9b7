"""Tests the terms of use that the name of a published checkpoint tells."""

import pytest

from inference.families import FAMILIES


@pytest.mark.parametrize(
    ("source", "terms", "research"),
    [
        ("google/paligemma-3b-pt-224", True, False),
        ("google/paligemma2-28b-pt-896", True, False),
        ("google/paligemma2-3b-mix-448", True, True),
        ("google/paligemma-3b-ft-vqav2-448", True, True),
        ("somebody/PaliGemma-3b-mix-224", True, True),
        ("/models/paligemma2-10b-ft-docci-448/", True, True),
        ("s3://models/paligemma2-3b-pt-224", True, False),
        ("paligemma2-3b-mix-448/my-own", False, False),
        ("demo/checkpoint", False, False),
        ("google/paligemma-3b-ptolemy", False, False),
    ],
)
def test_the_name_tells_the_terms(source: str, terms: bool, research: bool) -> None:
    lines = FAMILIES["paligemma"].terms(source)
    assert [line.startswith("Gemma Terms of Use") for line in lines[:1]] == [True] * terms
    assert ["research" in line for line in lines[1:]] == [True] * research


def test_texts_of_training_are_longer_at_higher_resolutions() -> None:
    lengths = map(FAMILIES["paligemma"].longest_trained, (224, 448, 896, 56))
    assert list(lengths) == [128, 512, 512, None]
