"""Sets the values of an evaluation beside the published ones of the same checkpoint."""

from collections.abc import Iterator
from typing import NamedTuple

from pipelines.evaluation.published import (
    Checkpoint,
    PublishedFigure,
    differences,
    figures_of,
    remarks,
)
from pipelines.evaluation.results import Evaluation, Value


class CardRow(NamedTuple):
    """A line of a card of results, in the units of the benchmark's card."""

    result: str  # such as `cider`
    split: str  # or the part; empty for all samples without a named split
    value: float | None
    low: float | None
    high: float | None
    samples: int | None
    published: str = ""  # as printed
    difference: float | None = None  # value minus published, of the same metric and split alone
    notes: tuple[str, ...] = ()


def card_rows(
    result: Evaluation, checkpoint: Checkpoint, benchmark: str | None
) -> Iterator[CardRow]:
    """Yield a line for each value, and for each published figure that has no value here.

    `benchmark` is a name on a card, with `:` and the split if it has several, such as
    `VQAv2:minival`. Values and published figures are subtracted only if checkpoint, metric and
    split are the same; otherwise the notes say what differs. Raises JobError if no card has the
    benchmark.
    """
    name, _, split = (benchmark or "").partition(":")
    figures = figures_of(checkpoint, name) if benchmark else []
    left = list(figures)
    for row in _own_rows(result, split):
        figure = _best(row, figures)
        if figure in left:
            left.remove(figure)
        yield _beside(row, figure, checkpoint, benchmark, figures)
    for figure in left:
        if not split or _best_split(figure, split):
            note = f"published as {figure.metric}, not scored here"
            yield CardRow(
                figure.metric, figure.split, None, None, None, None, figure.value, None, (note,)
            )


def _own_rows(result: Evaluation, split: str) -> Iterator[CardRow]:
    for name, value in result.values.items():
        yield _row(name, split, value, result.samples["judged"])
        for average, number in result.averages.get(name, {}).items():
            yield CardRow(name, average, number, None, None, None)


def _row(name: str, split: str, value: Value, samples: int) -> CardRow:
    return CardRow(name, split, value.value, value.low, value.high, samples)


def _best(row: CardRow, figures: list[PublishedFigure]) -> PublishedFigure | None:
    """Return the figure of the same metric, of the same split if there is one."""
    same = [each for each in figures if each.metric == row.result]
    of_split = [each for each in same if _best_split(each, row.split)]
    return next(iter([*of_split, *same]), None)


def _best_split(figure: PublishedFigure, split: str) -> bool:
    return figure.split.lower() == split.lower()


def _beside(
    row: CardRow,
    figure: PublishedFigure | None,
    checkpoint: Checkpoint,
    benchmark: str | None,
    figures: list[PublishedFigure],
) -> CardRow:
    if figure is None:
        metrics = ", ".join(dict.fromkeys(each.metric for each in figures))
        note = f"published as {metrics}" if metrics else "not published" if benchmark else ""
        return _scaled(row, 100)._replace(notes=(note,) if note else ())
    scaled = _scaled(row, figure.scale)
    why = differences(checkpoint, figure, row.split)
    number = float(figure.value)
    return scaled._replace(
        published=figure.value,
        difference=None if why or scaled.value is None else scaled.value - number,
        notes=why + remarks(checkpoint, figure),
    )


def _scaled(row: CardRow, scale: int) -> CardRow:
    if row.result in ("characters", "sentences"):
        scale = 1
    numbers = (None if each is None else each * scale for each in (row.value, row.low, row.high))
    value, low, high = numbers
    return row._replace(value=value, low=low, high=high)
