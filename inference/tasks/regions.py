"""Regions of an image that a task is about: read from a sample, and drawn into the model image."""

import math
import re
from itertools import islice
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from inference.tasks.detections import Box
from inference.tasks.prompt_text import texts_in
from inference.tasks.task import Task
from schemas.sample import RGB, Sample

_RED = (255, 0, 0)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"
_NEXT = rf"[\s,]+({_NUMBER})"
_BOX = re.compile(rf"[\[(\s]*({_NUMBER}){_NEXT * 3}[\])\s]*")
_LONGEST = 200  # characters of four numbers


class RegionTask(Task):
    """A task that may be about a box of each image."""

    places_tokens: ClassVar[bool]  # whether a prompt of this kind has a place for location tokens
    region_field: str | None = None
    """The field with each sample's box: `source_text` or a carried column; null: the whole image.

    It has `x_min y_min x_max y_max` in pixels of the upright original, as a text such as
    `[10, 20, 110, 80]`, or is a list. A sample without a valid box is not asked.
    """
    region: Literal["draw", "tokens"] = "draw"
    """How the model is told the box: drawn in red, as for WidgetCap, or by location tokens.

    Location tokens need a checkpoint that was trained with them.
    """

    @model_validator(mode="after")
    def _check_region(self) -> Self:
        if self.region == "tokens" and self.region_field is None:
            raise ValueError("region: tokens needs region_field")
        if self.region == "tokens" and not self.places_tokens:
            raise ValueError(f"region: {self.kind} knows no location tokens in prompts: use draw")
        return self

    def fields(self) -> tuple[str, ...]:
        return (*super().fields(), *self.list_fields())

    def list_fields(self) -> tuple[str, ...]:
        return () if self.region_field is None else (self.region_field,)

    def has_places(self) -> bool:
        return self.region_field is not None

    def lacks_region(self, sample: Sample) -> bool:
        """Return whether the task is about a box that the sample does not give."""
        return self.region_field is not None and self._box(sample) is None

    def drawn_region(self, sample: Sample) -> Box | None:
        return self._box(sample) if self.region == "draw" else None

    def named_region(self, sample: Sample) -> Box | None:
        """Return the box that the prompt names by location tokens; None: it names none."""
        return self._box(sample) if self.region == "tokens" else None

    def _box(self, sample: Sample) -> Box | None:
        return read_region(sample, self.region_field) if self.region_field else None


def read_region(sample: Sample, field: str) -> Box | None:
    """Read a box in pixels and cut it to the image; None if it is not a box inside the image."""
    # One element more than a box has, so that a longer list is refused.
    written = " ".join(islice(texts_in(sample, field), 5))
    match = _BOX.fullmatch(written) if len(written) <= _LONGEST else None
    if match is None:
        return None
    edges = [float(number) for number in match.groups()]
    if not all(map(math.isfinite, edges)):
        return None
    x_min, y_min, x_max, y_max = edges
    box = Box(max(x_min, 0), max(y_min, 0), min(x_max, sample.width), min(y_max, sample.height))
    return box if box.x_min < box.x_max and box.y_min < box.y_max else None


def draw_region(image: RGB, box: Box, width: int, height: int) -> RGB:
    """Return a copy of a model image [S, S, 3] with a box of an original of `width` x `height`.

    The lines are red and one pixel wide, at the whole part of an edge's share of the side times
    S - 1, as tf.image.draw_bounding_boxes draws them for big_vision's WidgetCap.
    """
    top, bottom = (int(edge / height * (len(image) - 1)) for edge in (box.y_min, box.y_max))
    left, right = (int(edge / width * (image.shape[1] - 1)) for edge in (box.x_min, box.x_max))
    drawn = np.array(image)
    drawn[[top, bottom], left : right + 1] = _RED
    drawn[top : bottom + 1, [left, right]] = _RED
    return drawn
