"""Weights taken out of transformers' modules, without a second copy in memory."""

from typing import Any, NamedTuple

import torch


class Linear(NamedTuple):
    """What `torch.nn.functional.linear` multiplies with, and adds."""

    weight: torch.Tensor  # [outputs, inputs]
    bias: torch.Tensor | None  # [outputs]

    def part(self, start: int, end: int | None = None) -> "Linear":
        """Of some outputs."""
        return Linear(self.weight[start:end], None if self.bias is None else self.bias[start:end])


def joined(*modules: Any) -> Linear:
    """Linear modules of one input as one, whose parts become the modules' own weights."""
    weight = _whole([module.weight for module in modules])
    biases = [module.bias for module in modules]
    return Linear(weight, None if biases[0] is None else _whole(biases))


def _whole(parts: list[torch.Tensor]) -> torch.Tensor:
    if len(parts) == 1:
        return parts[0].data
    whole = torch.cat([part.data for part in parts])
    for part, view in zip(parts, torch.split(whole, [len(part) for part in parts]), strict=True):
        part.data = view
    return whole
