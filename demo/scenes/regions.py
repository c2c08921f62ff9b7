"""Boxes around shapes, as a person may draw them: a little larger than the shape."""

from random import Random

from demo.scenes.picture import Thing
from demo.scenes.scenes import Scene
from inference.tasks.detections import Box

_MARGIN = 0.15  # of the shape's side, the most on each side


def box_around(random: Random, thing: Thing, scene: Scene) -> Box:
    """Draw a box around the shape, inside the image, in pixels."""
    left, top, right, bottom = thing.box
    margins = [random.uniform(0, _MARGIN) * (right - left) for _ in range(4)]
    return Box(
        max(left - margins[0], 0),
        max(top - margins[1], 0),
        min(right + margins[2], scene.width),
        min(bottom + margins[3], scene.height),
    )
