"""Linear modules of transformers as the fast engine calls them, without a second copy in memory."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch.nn import functional


class Linear(Protocol):
    """One or more linear maps of the same input: [..., inputs] to [..., outputs]."""

    def __call__(self, inputs: torch.Tensor, /) -> torch.Tensor: ...

    def part(self, start: int, end: int | None = None) -> "Linear":
        """Of some outputs."""


class Matrix(NamedTuple):
    """What `torch.nn.functional.linear` multiplies with, and adds."""

    weight: torch.Tensor  # [outputs, inputs]
    bias: torch.Tensor | None  # [outputs]

    def __call__(self, inputs: torch.Tensor, /) -> torch.Tensor:
        return functional.linear(inputs, self.weight, self.bias)

    def part(self, start: int, end: int | None = None) -> "Matrix":
        return Matrix(self.weight[start:end], None if self.bias is None else self.bias[start:end])


class Beside(NamedTuple):
    """Modules that hold more than a matrix: quantised ones, or with an adapter beside them."""

    modules: Sequence[Any]

    def __call__(self, inputs: torch.Tensor, /) -> torch.Tensor:
        outputs = [module(inputs) for module in self.modules]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)

    def part(self, start: int, end: int | None = None) -> "Beside":
        """`start` and `end` are where modules begin and end: those between are taken."""
        ends = [0]
        for module in self.modules:
            ends.append(ends[-1] + module.out_features)
        last = len(self.modules) if end is None else ends.index(end)
        return Beside(self.modules[ends.index(start) : last])


def joined(*modules: Any) -> Linear:
    """Linear modules of one input as one; where they are matrices, their weights become its parts.

    Others are called one by one, as they are.
    """
    if any(type(module) is not torch.nn.Linear for module in modules):
        return Beside(modules)
    weight = _whole([module.weight for module in modules])
    biases = [module.bias for module in modules]
    return Matrix(weight, None if biases[0] is None else _whole(biases))


def _whole(parts: list[torch.Tensor]) -> torch.Tensor:
    if len(parts) == 1:
        return parts[0].data
    whole = torch.cat([part.data for part in parts])
    for part, view in zip(parts, torch.split(whole, [len(part) for part in parts]), strict=True):
        part.data = view
    return whole
