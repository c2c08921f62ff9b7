"""What each patch of an image shows, which the vision tower learns to tell before anything else.

Answers alone teach a vision tower of random weights next to nothing. So it is first trained to say,
patch by patch and through heads that are thrown away, what the answers will be made of.
"""

import math
import string
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from demo.scenes import drawing, words
from demo.scenes.scenes import Scene
from demo.training.gallery import Drawn
from demo.training.pixels import pixel_values

FREQUENCIES = 24  # cosines that tell where an edge lies
_PRINTABLE = (*words.WORDS_IN_PRINT, *words.ADDRESSES_IN_PRINT)
_LETTERS = string.ascii_uppercase
CLASSES = {  # what is told by a class -> how many there are; class 0 is none
    "shape": 1 + len(words.SHAPES),
    "colour": 1 + len(words.COLOURS),
    "place": 4,  # among the things, from left to right
    "word": 1 + len(_PRINTABLE),
    "letter": 1 + len(_LETTERS),
}
SHAPE = list(CLASSES).index("shape")
NOTHING_WEIGHT = 0.15  # of the patches of class 0, which are most
EDGES_WEIGHT = 10.0  # of their cosines, each of which counts little

Codes = npt.NDArray[np.int64]


class Labels(NamedTuple):
    """The truth about the patches of some images."""

    classes: torch.Tensor  # int64 [images, patches, CLASSES]
    edges: torch.Tensor  # float32 [images, patches, 4]: y_min x_min y_max x_max, 0 to 1


def cosines(position: torch.Tensor) -> torch.Tensor:
    """A position from 0 to 1 as [..., FREQUENCIES] numbers that tell it finely and smoothly."""
    frequencies = torch.arange(FREQUENCIES, device=position.device)
    return torch.cos(math.pi * frequencies * position[..., None])


def labels(scenes: Sequence[Scene], grid: int) -> Labels:
    """The labels of `grid` x `grid` patches, in raster order."""
    classes, edges = zip(*(_of_one(scene, grid) for scene in scenes), strict=True)
    return Labels(torch.from_numpy(np.stack(classes)), torch.from_numpy(np.stack(edges)))


class Heads(nn.Module):
    """One linear layer for everything that a patch is asked for."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._sizes = [*CLASSES.values(), 4 * FREQUENCIES]
        self.linear = nn.Linear(width, sum(self._sizes))

    def forward(self, features: torch.Tensor, truth: Labels) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss, and per class the share of the patches that show something told right.

        `features` are [images, patches, width].
        """
        told = self.linear(features).float().split(self._sizes, dim=-1)
        loss = features.new_zeros((), dtype=torch.float32)
        right = []
        for number, logits in enumerate(told[:-1]):
            target = truth.classes[..., number]
            weights = logits.new_ones(logits.shape[-1])
            weights[0] = NOTHING_WEIGHT
            loss = loss + functional.cross_entropy(logits.flatten(0, 1), target.flatten(), weights)
            shown = target > 0
            right.append((logits.argmax(-1) == target)[shown].float().mean())
        on_things = truth.classes[..., 0] > 0
        positions = told[-1].unflatten(-1, (4, FREQUENCIES))[on_things]
        off = functional.mse_loss(positions, cosines(truth.edges[on_things]))
        return loss + EDGES_WEIGHT * off, torch.stack([*right, off])


class Seeing:
    """The lesson that trains the vision tower alone."""

    name = "seeing"

    def __init__(self, tower: Any, held_out: Drawn) -> None:
        config = tower.config
        self._tower = tower
        self.heads = Heads(config.hidden_size).to(tower.device)
        self._grid = config.image_size // config.patch_size
        self._held_out = held_out
        self.modules: Mapping[str, tuple[nn.Module, float]] = {
            "tower": (tower, 1.0),
            "heads": (self.heads, 1.0),
        }

    def loss(
        self, drawn: Drawn, random: Random, done: float
    ) -> tuple[torch.Tensor, Mapping[str, float]]:
        device = next(self.heads.parameters()).device
        with torch.autocast(device.type, torch.bfloat16):
            features = self._tower(pixel_values(drawn.images, device)).last_hidden_state
        truth = Labels(*(part.to(device) for part in labels(drawn.scenes, self._grid)))
        loss, right = self.heads(features.float(), truth)
        return loss, dict(zip([*CLASSES, "edges off"], right.tolist(), strict=True))

    def examine(self) -> Mapping[str, float]:
        with torch.no_grad():
            return self.loss(self._held_out, Random(0), 1.0)[1]


def _of_one(scene: Scene, grid: int) -> tuple[Codes, npt.NDArray[np.float32]]:
    classes = np.zeros((grid, grid, len(CLASSES)), np.int64)
    edges = np.zeros((grid, grid, 4), np.float32)
    size = np.asarray([scene.width, scene.height] * 2)
    middles = (np.arange(grid) + 0.5) / grid
    for place, thing in enumerate(scene.things, start=1):
        left, top, right, bottom = np.asarray(thing.box) / size
        rows = (top <= middles) & (middles < bottom)
        columns = (left <= middles) & (middles < right)
        inside = np.ix_(rows, columns)
        classes[..., 0][inside] = 1 + words.SHAPES.index(thing.label)
        classes[..., 1][inside] = 1 + list(words.COLOURS).index(thing.colour)
        classes[..., 2][inside] = place
        edges[inside] = (top, left, bottom, right)
    if scene.print_box is not None:
        left, top, right, bottom = np.asarray(scene.print_box) / size
        row = int((top + bottom) / 2 * grid)
        columns = (left <= middles) & (middles < right)
        classes[row, columns, 3] = 1 + _PRINTABLE.index(scene.printed)
        if scene.printed in words.WORDS_IN_PRINT:
            for letter, middle in zip(
                scene.printed, drawing.character_middles(scene.printed), strict=True
            ):
                column = int((left + middle * (right - left)) * grid)
                classes[row, column, 4] = 1 + _LETTERS.index(letter)
    return classes.reshape(grid * grid, -1), edges.reshape(grid * grid, 4)
