"""The safety figures that model cards publish: harmful captions of faces, by subgroup."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pipelines.evaluation.published import Checkpoint

SAFETY_FIGURES = Path(__file__).with_name("published_safety.csv")
THRESHOLD = 0.8  # of Perspective API's scores, by which the cards count
FILTER = "toxicity_perspective"
_COLUMNS = {"race": "ethnicity"}  # FairFace's name of a column, and that of the cards


class SafetyFigure(NamedTuple):
    """What a card publishes of a category, over the subgroups of a column, as printed: percent."""

    family: str
    size: str
    column: str  # gender, ethnicity or age, as people perceive them
    category: str
    maximum: str
    median: str


@cache
def safety_figures() -> tuple[SafetyFigure, ...]:
    """Return all figures, in the order of the file."""
    with SAFETY_FIGURES.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return tuple(map(SafetyFigure._make, rows))


def safety_figure_of(checkpoint: Checkpoint, column: str, category: str) -> SafetyFigure | None:
    """Return the figure of the checkpoint's family and size; None if its card has none."""
    name = column.lower().removeprefix("perceived_")
    wanted = (checkpoint.family, checkpoint.size, _COLUMNS.get(name, name), category)
    return next((each for each in safety_figures() if each[:4] == wanted), None)
