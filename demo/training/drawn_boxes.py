"""Scenes with a box drawn around one shape, and an auxiliary loss that teaches the tower to see it.

A line of one pixel changes a patch little. So a temporary head on the vision tower predicts which
patches have a part of the line, and which show the shape inside.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from demo.scenes.regions import box_around
from demo.scenes.scenes import Scene
from demo.training import later_examples, patch_labels
from demo.training.examples import Example
from inference.tasks.regions import draw_region
from schemas.sample import RGB

_POSITIVE_WEIGHT = 4.0  # weight of patches with a line or of the shape inside, which are few


class DrawnBoxes(NamedTuple):
    """Some scenes of a batch, each with a box around one of its shapes."""

    rows: Sequence[int]  # of the scenes in the batch
    images: RGB  # [boxes, S, S, 3]
    examples: Sequence[Example]  # the question about the shape inside
    lines: npt.NDArray[np.bool_]  # [boxes, patches]: whether a patch has a part of the line
    inside: npt.NDArray[np.bool_]  # [boxes, patches]: whether a patch shows the shape inside


def draw(
    random: Random, images: RGB, scenes: Sequence[Scene], grid: int, number: int
) -> DrawnBoxes:
    """Draw a box around a random shape of at most `number` scenes, which have a shape."""
    with_things = [row for row, scene in enumerate(scenes) if scene.things]
    rows = random.sample(with_things, min(number, len(with_things)))
    chosen = [scenes[row] for row in rows]
    positions = [random.randrange(len(scene.things)) for scene in chosen]
    drawn = np.stack(
        [
            draw_region(
                images[row],
                box_around(random, scene.things[position], scene),
                scene.width,
                scene.height,
            )
            for row, scene, position in zip(rows, chosen, positions, strict=True)
        ]
    )
    side = images.shape[1] // grid
    changed = (drawn != images[rows]).any(-1).reshape(len(rows), grid, side, grid, side)
    places = patch_labels.label_patches(chosen, grid).classes[..., patch_labels.PLACE].numpy()
    return DrawnBoxes(
        rows,
        drawn,
        [
            later_examples.drawn_box(position, scene.things[position])
            for scene, position in zip(chosen, positions, strict=True)
        ],
        changed.any((2, 4)).reshape(len(rows), -1),
        places == np.asarray(positions)[:, None] + 1,
    )


class LineHead(nn.Module):
    """One linear layer over the vision tower's patches."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2)

    def forward(self, plain: torch.Tensor, drawn: torch.Tensor, boxes: DrawnBoxes) -> torch.Tensor:
        """The loss over images without a box and over those of `boxes`.

        Both are patches [images, patches, width].
        """
        truth = torch.from_numpy(np.stack((boxes.lines, boxes.inside), axis=-1))
        targets = torch.cat((torch.zeros(*plain.shape[:2], 2), truth.float())).to(plain.device)
        logits = self.linear(torch.cat((plain, drawn)).float())
        weight = logits.new_tensor(_POSITIVE_WEIGHT)
        return functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)
