"""Reads stored answers and references as metrics take them, and refuses other types."""

from collections.abc import Mapping, Sequence
from math import isfinite
from numbers import Real
from typing import NamedTuple

import numpy as np

from pipelines.evaluation.metrics.metric import Kind
from pipelines.rows.run_lengths import RunLengths, WrongMask, read_mask

# Metrics compare texts in seconds up to these lengths, and time grows with their product.
LONGEST_ANSWER = 1 << 18  # characters: 128 for each of the 2,048 tokens that an answer has at most
LONGEST_REFERENCE = 1 << 16
_LONG = 12  # characters: 0.1 of 32 bits is 0.10000000149011612 with 64
_EDGES = ("x_min", "y_min", "x_max", "y_max")


class WrongValue(ValueError):
    """A prediction or a reference has another type than the metric takes; its text is not told."""


class BoxedLabel(NamedTuple):
    """An object or a word with its box in pixels."""

    label: str
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    score: float = 1.0  # 1 if unknown


def folded(text: str) -> str:
    """Return a text for comparisons that ignore case and white space."""
    return " ".join(text.split()).casefold()


def read_prediction(kind: Kind, value: object) -> object:
    """Return a stored answer as metrics take it; null is an empty answer.

    Texts are str; boxes and words are tuples of BoxedLabel; of masks, the first object's is
    taken, or None. Raise WrongValue for other types, and for a text that no task can write.
    """
    if kind == "text":
        return _short("" if value is None else _text(value), LONGEST_ANSWER)
    if kind == "masks":
        masks = _masks(value)
        return masks[0] if masks else None
    return _boxes(value)


def check_prediction(kinds: Sequence[Kind], value: object) -> None:
    """Raise WrongValue unless metrics of all these kinds can read a stored answer."""
    for kind in kinds:
        read_prediction(kind, value)


def read_references(kind: Kind, value: object) -> tuple[object, ...]:
    """Return the references of a sample as metrics take them.

    A text or a list of texts gives at least one text; a list of objects gives all of them, and
    none for an image without objects. Raise WrongValue for other types, for no text or mask, and
    for a text of more than LONGEST_REFERENCE characters.
    """
    if kind == "text":
        texts = value if isinstance(value, list | tuple) else [value]
        if not texts:
            raise WrongValue("the sample has no reference")
        return tuple(_short(_text(each), LONGEST_REFERENCE) for each in texts)
    if kind == "masks":
        masks = _masks(value)
        if not masks:
            raise WrongValue("the sample has no mask")
        return masks
    return _boxes(value)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise WrongValue(f"a {type(value).__name__} where a text is expected")
    return value if isinstance(value, str) else _digits(value)


def _short(text: str, longest: int) -> str:
    if len(text) > longest:
        raise WrongValue(f"a text of more than {longest:,} characters")
    return text


def _digits(value: float) -> str:
    """Return the shortest text of a number; a long one with 32 bits has the digits of those."""
    if not isinstance(value, int) and not isfinite(value):
        raise WrongValue("no finite number")  # NaN often stands for a value that is missing
    if not value % 1:
        return str(int(value))
    text, single = repr(value), np.float32(value)
    widened = len(text) > _LONG and float(single) == value
    return np.format_float_positional(single) if widened else text


def _objects(value: object) -> Sequence[Mapping[str, object]]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise WrongValue(f"a {type(value).__name__} where a list of objects is expected")
    return value


def _boxes(value: object) -> tuple[BoxedLabel, ...]:
    return tuple(_box(each) for each in _objects(value))


def _box(each: Mapping[str, object]) -> BoxedLabel:
    edges = [each.get(edge) for edge in _EDGES]
    label = each.get("label", each.get("text"))
    score = each.get("score")
    numbers = [*edges, 1.0 if score is None else score]
    if not all(isinstance(number, Real) and isfinite(number) for number in numbers):
        raise WrongValue("an object without the numbers x_min, y_min, x_max and y_max")
    return BoxedLabel(_text("" if label is None else label), *(float(str(n)) for n in numbers))


def _masks(value: object) -> tuple[RunLengths, ...]:
    listed = [value] if isinstance(value, Mapping) else _objects(value)
    found = (each.get("mask", each if "counts" in each else None) for each in listed)
    try:
        return tuple(read_mask(mask) for mask in found if mask is not None)
    except WrongMask as wrong:
        raise WrongValue(str(wrong)) from None
