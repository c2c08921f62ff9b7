"""Linear modules of transformers as the fast engine calls them, without a second copy in memory."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch.nn import functional

from inference.families.paligemma.int8_linear import Int8Linear, apply_int8


class Linear(Protocol):
    """One or more linear maps of the same input: [..., inputs] to [..., outputs]."""

    def __call__(self, inputs: torch.Tensor, /) -> torch.Tensor: ...

    def slice_outputs(self, start: int, end: int | None = None) -> "Linear":
        """Return the map to the outputs from `start` to before `end`."""


class FusedLinear(NamedTuple):
    """One matrix for all maps, applied by `torch.nn.functional.linear`."""

    weight: torch.Tensor  # [outputs, inputs]
    bias: torch.Tensor | None  # [outputs]

    def __call__(self, inputs: torch.Tensor, /) -> torch.Tensor:
        return functional.linear(inputs, self.weight, self.bias)

    def slice_outputs(self, start: int, end: int | None = None) -> "FusedLinear":
        bias = None if self.bias is None else self.bias[start:end]
        return FusedLinear(self.weight[start:end], bias)


class SeparateLinears(NamedTuple):
    """Linear layers that cannot be fused: quantized, or with a LoRA."""

    modules: Sequence[Any]

    def __call__(self, inputs: torch.Tensor, /) -> torch.Tensor:
        if all(type(module) is Int8Linear for module in self.modules):
            return apply_int8(self.modules, inputs)
        outputs = [module(inputs) for module in self.modules]
        return outputs[0] if len(outputs) == 1 else torch.cat(outputs, dim=-1)

    def slice_outputs(self, start: int, end: int | None = None) -> "SeparateLinears":
        """Return the modules between two bounds; raise ValueError if a bound is inside a module."""
        bounds = [0]
        for module in self.modules:
            bounds.append(bounds[-1] + module.out_features)
        last = len(self.modules) if end is None else bounds.index(end)
        return SeparateLinears(self.modules[bounds.index(start) : last])


def fuse_linears(*modules: Any) -> Linear:
    """Fuse linear modules of the same input into one matrix; their weights become views of it.

    If a module is of another class than `torch.nn.Linear`, all modules are left as they are and
    called one by one.
    """
    if any(type(module) is not torch.nn.Linear for module in modules):
        return SeparateLinears(modules)
    weight = _concatenate([module.weight for module in modules])
    biases = [module.bias for module in modules]
    return FusedLinear(weight, None if biases[0] is None else _concatenate(biases))


def _concatenate(parameters: list[torch.Tensor]) -> torch.Tensor:
    """Concatenate along the first dimension, and make each parameter a view of the result."""
    if len(parameters) == 1:
        return parameters[0].data
    whole = torch.cat([parameter.data for parameter in parameters])
    views = torch.split(whole, [len(parameter) for parameter in parameters])
    for parameter, view in zip(parameters, views, strict=True):
        parameter.data = view
    return whole
