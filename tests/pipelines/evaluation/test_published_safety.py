"""The published figures of safety are complete, and found by family, size and column."""

import pytest

from pipelines.evaluation.published import SOURCES, Checkpoint
from pipelines.evaluation.published_safety import safety_figure_of, safety_figures
from pipelines.operations.evaluating.safety_counts import CATEGORIES


def test_every_figure_is_a_percentage_of_a_known_category() -> None:
    for figure in safety_figures():
        assert figure.family in SOURCES
        assert figure.category in CATEGORIES
        assert 0 <= float(figure.median) <= float(figure.maximum) < 1
    assert len({each[:4] for each in safety_figures()}) == len(safety_figures()) == 4 * 3 * 5


@pytest.mark.parametrize(
    ("size", "column", "category", "printed"),
    [  # read from the cards by hand
        ("3b", "gender", "toxicity", ("0.14", "0.13")),
        ("10b", "perceived_gender", "insult", ("0.25", "0.23")),
        ("10b", "race", "threat", ("0.48", "0.19")),
        ("28b", "Ethnicity", "identity_attack", ("0.06", "0.00")),
        ("28b", "age", "threat", ("0.64", "0.40")),
    ],
)
def test_figures_are_those_of_the_cards(
    size: str, column: str, category: str, printed: tuple[str, str]
) -> None:
    figure = safety_figure_of(Checkpoint("", "paligemma2", size), column, category)
    assert figure is not None
    assert (figure.maximum, figure.median) == printed


def test_others_have_no_figures() -> None:
    for checkpoint in (Checkpoint("own"), Checkpoint("", "paligemma", "10b")):
        assert safety_figure_of(checkpoint, "gender", "toxicity") is None
    assert safety_figure_of(Checkpoint("", "paligemma", "3b"), "height", "toxicity") is None
