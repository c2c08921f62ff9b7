"""The first training stage: the vision tower learns to classify the patches of an image.

Answers alone teach a vision tower of random weights almost nothing. So temporary heads on the tower
first predict, patch by patch, the facts that the answers need.
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
from demo.training.pixels import pixel_values
from demo.training.scene_dataset import SceneBatch

FREQUENCIES = 24  # cosines that encode the position of an edge
_PRINTABLE = (*words.WORDS_IN_PRINT, *words.ADDRESSES_IN_PRINT)
_LETTERS = string.ascii_uppercase
CLASSES = {  # property of a patch -> number of classes; class 0 is none
    "shape": 1 + len(words.SHAPES),
    "color": 1 + len(words.COLORS),
    "place": 4,  # position among the things, from left to right
    "word": 1 + len(_PRINTABLE),
    "letter": 1 + len(_LETTERS),
}
PLACE = list(CLASSES).index("place")
NOTHING_WEIGHT = 0.15  # of patches of class 0, which are the majority
EDGES_WEIGHT = 10.0  # of the loss over the edges' cosines, which is small

Codes = npt.NDArray[np.int64]


class PatchLabels(NamedTuple):
    """The ground truth of the patches of some images."""

    classes: torch.Tensor  # int64 [images, patches, CLASSES]
    edges: torch.Tensor  # float32 [images, patches, 4]: y_min x_min y_max x_max, 0 to 1


def cosines(position: torch.Tensor) -> torch.Tensor:
    """Encode positions from 0 to 1 as cosines: [..., FREQUENCIES]."""
    frequencies = torch.arange(FREQUENCIES, device=position.device)
    return torch.cos(math.pi * frequencies * position[..., None])


def label_patches(scenes: Sequence[Scene], grid: int) -> PatchLabels:
    """The labels of `grid` x `grid` patches, in raster order."""
    classes, edges = zip(*(_label_scene(scene, grid) for scene in scenes), strict=True)
    return PatchLabels(torch.from_numpy(np.stack(classes)), torch.from_numpy(np.stack(edges)))


class PatchHeads(nn.Module):
    """One linear layer that predicts all properties of a patch."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._sizes = [*CLASSES.values(), 4 * FREQUENCIES]
        self.linear = nn.Linear(width, sum(self._sizes))

    def forward(
        self, features: torch.Tensor, truth: PatchLabels
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss, and per property the accuracy on patches of a class other than 0.

        `features` are [images, patches, width].
        """
        outputs = self.linear(features).float().split(self._sizes, dim=-1)
        loss = features.new_zeros((), dtype=torch.float32)
        accuracies = []
        for index, logits in enumerate(outputs[:-1]):
            target = truth.classes[..., index]
            weights = logits.new_ones(logits.shape[-1])
            weights[0] = NOTHING_WEIGHT
            loss = loss + functional.cross_entropy(logits.flatten(0, 1), target.flatten(), weights)
            not_none = target > 0
            accuracies.append((logits.argmax(-1) == target)[not_none].float().mean())
        on_things = truth.classes[..., 0] > 0
        positions = outputs[-1].unflatten(-1, (4, FREQUENCIES))[on_things]
        edge_error = functional.mse_loss(positions, cosines(truth.edges[on_things]))
        return loss + EDGES_WEIGHT * edge_error, torch.stack([*accuracies, edge_error])


class PatchPretraining:
    """The stage that trains the vision tower alone."""

    name = "seeing"  # part of the random seeds

    def __init__(self, tower: Any, held_out: SceneBatch) -> None:
        config = tower.config
        self._tower = tower
        self.heads = PatchHeads(config.hidden_size).to(tower.device)
        self._grid = config.image_size // config.patch_size
        self._held_out = held_out
        self.modules: Mapping[str, tuple[nn.Module, float]] = {
            "tower": (tower, 1.0),
            "heads": (self.heads, 1.0),
        }

    def loss(
        self, batch: SceneBatch, random: Random, done: float
    ) -> tuple[torch.Tensor, Mapping[str, float]]:
        device = next(self.heads.parameters()).device
        with torch.autocast(device.type, torch.bfloat16):
            features = self._tower(pixel_values(batch.images, device)).last_hidden_state
        truth = PatchLabels(*(part.to(device) for part in label_patches(batch.scenes, self._grid)))
        loss, figures = self.heads(features.float(), truth)
        return loss, dict(zip([*CLASSES, "edges off"], figures.tolist(), strict=True))

    def examine(self) -> Mapping[str, float]:
        with torch.no_grad():
            return self.loss(self._held_out, Random(0), 1.0)[1]


def _label_scene(scene: Scene, grid: int) -> tuple[Codes, npt.NDArray[np.float32]]:
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
        classes[..., 1][inside] = 1 + list(words.COLORS).index(thing.color)
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
