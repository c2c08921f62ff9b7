"""An auxiliary loss that teaches the text tower to locate the shapes that a prompt names.

From answers alone a small model learns this late: for many steps it describes everything or
guesses. So a temporary head on the lower layers predicts which patches show a named shape.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from demo.scenes import words
from demo.training.examples import Example

LAYER = 2  # the head reads the text tower's states after this many layers
_POSITIVE_WEIGHT = 3.0  # weight of patches that show a named shape, which are few


class GroundingHead(nn.Module):
    """One linear layer over the text tower's states at the image tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(
        self, states: torch.Tensor, shapes: torch.Tensor, examples: Sequence[Example]
    ) -> torch.Tensor:
        """The loss over the examples that name shapes.

        `states` are [rows, patches, width]; `shapes` are int64 [rows, patches], the classes of
        `patch_labels`.
        """
        named = [[label in example.names for label in words.SHAPES] for example in examples]
        # Class 0 is no shape.
        is_named = functional.pad(torch.tensor(named, device=states.device), (1, 0))
        has_names = is_named.any(dim=1)
        targets = is_named[has_names].gather(1, shapes[has_names]).float()
        logits = self.linear(states[has_names].float())[..., 0]
        weight = logits.new_tensor(_POSITIVE_WEIGHT)
        return functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)
