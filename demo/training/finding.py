"""Teaches the text tower to find in the image what a prompt names, before it has to tell of it.

From answers alone a small model learns late to look for just what is asked: for long it tells of
everything, or guesses. So its lower layers are asked, through a head that is thrown away, which
patches show a shape that the prompt names.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from demo.scenes import words
from demo.training.lessons import Exercise

LAYER = 2  # of the text tower, after which it should have been found; the others are left to tell
_FOUND_WEIGHT = 3.0  # of patches to be found, which are few


class Finder(nn.Module):
    """One linear layer over what the text tower makes of the image's tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(
        self, states: torch.Tensor, shapes: torch.Tensor, exercises: Sequence[Exercise]
    ) -> torch.Tensor:
        """The loss over the exercises that name shapes.

        `states` are [rows, patches, width]; `shapes` int64 [rows, patches] as `dense` has them.
        """
        named = [[label in exercise.names for label in words.SHAPES] for exercise in exercises]
        # Class 0 is no shape.
        asked = functional.pad(torch.tensor(named, device=states.device), (1, 0))
        asks = asked.any(dim=1)
        found = asked[asks].gather(1, shapes[asks]).float()
        logits = self.linear(states[asks].float())[..., 0]
        weight = logits.new_tensor(_FOUND_WEIGHT)
        return functional.binary_cross_entropy_with_logits(logits, found, pos_weight=weight)
