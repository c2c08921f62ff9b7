"""The figures that model cards publish, and how an output's checkpoint relates to them."""

import csv
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from schemas.errors import JobError
from schemas.known_names import known_names

FIGURES = Path(__file__).with_name("published_figures.csv")
SOURCES: Mapping[str, str] = {
    "paligemma": "the model card of google/paligemma-3b-pt-448, and arXiv 2407.07726",
    "paligemma2": "the model card of google/paligemma2-3b-pt-224, and arXiv 2412.03555",
}
"""Where the figures of each family of checkpoints are published."""

_NAME = re.compile(r"(paligemma2?)-(\d+b)-(pt|mix|ft-([a-z0-9-]+?))-(\d+)")


class PublishedFigure(NamedTuple):
    """A figure of a checkpoint; an empty text is what the card does not state."""

    family: str
    size: str
    resolution: str  # pixels
    tuning: str  # `mix`, or what the name of the fine-tuned checkpoint has after `ft-`
    benchmark: str
    split: str  # or the part, such as `en`
    metric: str  # the name of a result, such as `cider`
    value: str  # as printed
    scale: int  # the card prints so many times the metric's value


class Checkpoint(NamedTuple):
    """What the name of a checkpoint says."""

    name: str
    family: str = ""
    size: str = ""
    resolution: str = ""
    tuning: str = ""  # empty for a pretrained checkpoint
    changed: tuple[str, ...] = ()  # how the job's model differs from the published one


@cache
def published_figures() -> tuple[PublishedFigure, ...]:
    """Return all figures, in the order of the file."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    return tuple(PublishedFigure._make([*row[:-1], int(row[-1])]) for row in rows)


def checkpoint_of(record: Mapping[str, Any]) -> Checkpoint:
    """Return what the record of an output says of its model, by the checkpoint's name."""
    model = record.get("model") or {}
    resolved = (record.get("resolved") or {}).get("checkpoint") or {}
    name = str(model.get("checkpoint", "none")).rstrip("/")
    if resolved.get("local"):
        name = name.rpartition("/")[2]  # the table is published: it has no path of a machine
    changed = []
    if (precision := model.get("precision")) not in (None, "float32"):
        changed.append(f"precision {precision}")
    if model.get("adapter"):
        changed.append("with an adapter")
    match = _NAME.fullmatch(name.rpartition("/")[2])
    if match is None:
        return Checkpoint(name, changed=tuple(changed))
    if resolved.get("local"):
        changed.append("known by the name of its folder")
    family, size, kind, tuning, resolution = match.groups()
    tuning = tuning or ("mix" if kind == "mix" else "")
    return Checkpoint(name, family, size, resolution, tuning, tuple(changed))


def check_benchmark(benchmark: str) -> None:
    """Raise JobError if no card has a benchmark, which may be followed by `:` and a split."""
    _named(benchmark.partition(":")[0])


def figures_of(checkpoint: Checkpoint, benchmark: str) -> list[PublishedFigure]:
    """Return a benchmark's figures of the checkpoint's family, size and resolution, of any split.

    A figure without a resolution fits all. Of a `mix` checkpoint, its own figures come alone.
    Raises JobError if no card has the benchmark.
    """
    mine = [
        each
        for each in _named(benchmark)
        if (each.family, each.size) == (checkpoint.family, checkpoint.size)
        and each.resolution in ("", checkpoint.resolution)
    ]
    if checkpoint.tuning == "mix":
        return [each for each in mine if each.tuning == "mix"]
    return [each for each in mine if each.tuning != "mix"]


def differences(checkpoint: Checkpoint, figure: PublishedFigure, split: str) -> tuple[str, ...]:
    """Say why a figure and a value of the same metric cannot be compared; empty if they can."""
    found = []
    if figure.metric == "non_entailed":
        found.append("the card's figure is of another judge")
    if not checkpoint.tuning:
        found.append("published after fine-tuning, this checkpoint is not fine-tuned")
    elif figure.tuning and figure.tuning != checkpoint.tuning:
        found.append(f"published of ft-{figure.tuning}")
    if _folded(split) != _folded(figure.split):
        if figure.split:
            found.append(f"published on {figure.split}, not {split or 'a named split'}")
        else:
            found.append(f"the card names no split, this is {split}")
    return tuple(found)


def remarks(checkpoint: Checkpoint, figure: PublishedFigure) -> tuple[str, ...]:
    """Say what else differs, or what the card does not state."""
    found = list(checkpoint.changed)
    if not figure.resolution:
        found.append("the card names no resolution")
    if not figure.tuning and checkpoint.tuning:
        found.append("the card does not name the fine-tuned checkpoint")
    return tuple(found)


def _named(benchmark: str) -> list[PublishedFigure]:
    named = [each for each in published_figures() if _folded(each.benchmark) == _folded(benchmark)]
    if not named:
        known = dict.fromkeys(each.benchmark for each in published_figures())
        raise JobError(
            f"--benchmark: {benchmark!r} is on no card: name one of "
            f"{known_names(benchmark, known)}: docs/cards.md lists all"
        )
    return named


def _folded(name: str) -> str:
    """Return a name without case and marks, but with `+`, which tells RefCOCO+ from RefCOCO."""
    return re.sub(r"[^a-z0-9+]", "", name.lower())
