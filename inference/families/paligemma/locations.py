"""Reads and writes location answers: `<loc0000>` and `<seg000>` codes, as boxes in pixels."""

import math
import re
from collections.abc import Iterable, Sequence

from inference.tasks.detections import Box, Detection
from inference.tasks.prompt_text import SEPARATOR
from schemas.generation import Generation

TOP = 1023  # the highest location code; 0 is the left or upper edge, TOP the right or lower edge
MASK_CODES = 16  # segmentation codes of one mask, each from 0 to 127

_LOCATION = re.compile(r"<loc([0-9]{4})>")
_SEGMENT = re.compile(r"<seg([0-9]{3})>")
_CODE = re.compile(r"<(?:loc[0-9]{4}|seg[0-9]{3})>")
_OBJECT = re.compile(  # a label ends at the next code
    r"(?P<locations>(?:<loc[0-9]{4}>\s*)*)"
    r"(?P<segments>(?:<seg[0-9]{3}>\s*)*)"
    r"(?P<label>(?:(?!<loc[0-9]{4}>|<seg[0-9]{3}>).)*)",
    re.DOTALL,
)


def read(
    generation: Generation, width: int, height: int, *, masks: bool = False
) -> tuple[list[Detection], bool]:
    """Return the well-formed objects of an answer, and whether they are the whole answer.

    Objects are separated by `;`. An object is four location codes in the order y1 x1 y2 x2, sixteen
    segmentation codes if `masks` were asked for, and a label. Code N is at N / 1023 of the
    original's height or width, because images are resized to a square and not padded; so a box
    never leaves its image. An empty answer means that there is no object. An answer that was cut at
    its token limit is never complete, because its last label may be cut. Never raises.
    """
    objects: list[Detection] = []
    complete = generation.finish_reason == "stop"
    logprobs = _location_logprobs(generation)
    num_read = 0  # location codes before the current object
    for part in generation.text.split(";") if generation.text.strip() else ():
        matches = [match for match in _OBJECT.finditer(part.strip()) if match[0]]
        complete &= len(matches) == 1
        for match in matches:
            locations = _codes(_LOCATION, match["locations"])
            codes = _codes(_SEGMENT, match["segments"])
            score = _score(logprobs[num_read : num_read + len(locations)])
            num_read += len(locations)
            box = _box(locations, width, height)
            if box is None or (codes and not _is_mask(codes)):
                complete = False
                continue
            complete &= bool(codes) == masks
            objects.append(Detection(match["label"].strip(), box, score, codes))
    return objects, complete


def write(objects: Iterable[Detection], width: int, height: int) -> str:
    """Write objects in the form that the checkpoints were trained with.

    Each edge is rounded to the nearest code. So writing and reading moves the edges of a box by at
    most half a bin (1 / 1023 of the image); a box must be wider and higher than a bin.
    """
    return SEPARATOR.join(_written(each, width, height) for each in objects)


def strip_codes(text: str) -> str:
    """Replace location and segmentation codes by spaces."""
    return _CODE.sub(" ", text)


def has_code(text: str) -> bool:
    """Return whether a text contains a location or segmentation code."""
    return bool(_CODE.search(text))


def _written(each: Detection, width: int, height: int) -> str:
    if ";" in each.label or has_code(each.label):
        raise ValueError("a label cannot hold ';' or a location code")
    x_min, y_min, x_max, y_max = each.box
    edges = (y_min / height, x_min / width, y_max / height, x_max / width)
    locations = "".join(f"<loc{round(min(max(edge, 0.0), 1.0) * TOP):04}>" for edge in edges)
    segments = "".join(f"<seg{code:03}>" for code in each.codes)
    return f"{locations}{segments} {each.label}".rstrip()


def _codes(pattern: re.Pattern[str], text: str) -> tuple[int, ...]:
    return tuple(int(code) for code in pattern.findall(text))


def _box(codes: Sequence[int], width: int, height: int) -> Box | None:
    """Return the box of four codes; None if the codes are out of range or span no area."""
    if len(codes) != 4 or max(codes) > TOP:
        return None
    y_min, x_min, y_max, x_max = codes
    if y_max <= y_min or x_max <= x_min:
        return None
    across, down = width / TOP, height / TOP  # times TOP may round to beyond the edge
    return Box(x_min * across, y_min * down, min(x_max * across, width), min(y_max * down, height))


def _is_mask(codes: Sequence[int]) -> bool:
    return len(codes) == MASK_CODES and max(codes) <= 127


def _location_logprobs(generation: Generation) -> list[float]:
    """Return the log-probability of each location code; empty if tokens and text differ."""
    tokens = [token for token in generation.tokens if _LOCATION.fullmatch(token.text)]
    if "".join(token.text for token in tokens) != "".join(
        match[0] for match in _LOCATION.finditer(generation.text)
    ):
        return []
    return [token.logprob for token in tokens]


def _score(logprobs: Sequence[float]) -> float | None:
    """Return the geometric mean of the probabilities of a box's four location tokens.

    Returns None if the probabilities are unknown.
    """
    if len(logprobs) != 4:
        return None
    mean = sum(logprobs) / 4
    return None if math.isnan(mean) else math.exp(min(mean, 0.0))  # rounding may exceed 0
