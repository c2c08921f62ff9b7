"""An auxiliary loss that teaches the text tower to locate the shapes that a prompt is about.

From answers alone a small model learns this late: for many steps it describes everything or
guesses. So a temporary head on lower layers predicts which patches show these shapes.
"""

from collections.abc import Collection, Sequence

import torch
from torch import nn
from torch.nn import functional

from demo.training import patch_labels

NAMED_LAYER = 2  # the text tower's states after so many layers mark the shapes that a prompt names
MEANT_LAYER = 3  # and these the shapes that it means by naming others
_POSITIVE_WEIGHT = 3.0  # weight of patches that show such a shape, which are few
_PLACES = patch_labels.CLASSES["place"] - 1  # the most shapes of a scene


class GroundingHead(nn.Module):
    """One linear layer over the text tower's states at the image tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(
        self,
        states: torch.Tensor,
        places: torch.Tensor,
        marked: Sequence[Collection[int] | None],
    ) -> torch.Tensor:
        """The loss over the rows that are about shapes.

        `states` are [rows, patches, width]; `places` are int64 [rows, patches], the classes of
        `patch_labels`; `marked` are each row's shapes by their positions from the left, or None.
        """
        rows = [row for row, shapes in enumerate(marked) if shapes is not None]
        if not rows:
            return states.new_zeros(())
        is_marked = [[number in (marked[row] or ()) for number in range(_PLACES)] for row in rows]
        # Class 0 is no shape.
        by_class = functional.pad(torch.tensor(is_marked, device=states.device), (1, 0))
        targets = by_class.gather(1, places[rows]).float()
        logits = self.linear(states[rows].float())[..., 0]
        weight = logits.new_tensor(_POSITIVE_WEIGHT)
        return functional.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)
