"""GELU and the soft-cap, by the sigmoid on CPUs, where torch's tanh takes six times as long."""

import math
from collections.abc import Callable

import torch

Activation = Callable[[torch.Tensor], torch.Tensor]

_LINEAR = 2 * math.sqrt(2 / math.pi)
_CUBIC = _LINEAR * 0.044715


def capped(numbers: torch.Tensor, cap: float) -> torch.Tensor:
    """Soft-cap numbers to cap * tanh(numbers / cap); may overwrite them.

    Uses tanh(x) = 2 * sigmoid(2 x) - 1.
    """
    if not _by_sigmoid(numbers):
        return (numbers / cap).tanh_().mul_(cap)
    return (numbers * (2 / cap)).sigmoid_().mul_(2 * cap).sub_(cap)


def gelu(numbers: torch.Tensor) -> torch.Tensor:
    """Apply the tanh approximation of the Gaussian error linear unit: arXiv 1606.08415.

    x / 2 * (1 + tanh(y)) = x * sigmoid(2 y), with y = sqrt(2 / pi) * (x + 0.044715 x^3).
    """
    if not _by_sigmoid(numbers):
        return torch.nn.functional.gelu(numbers, approximate="tanh")
    return (numbers * numbers).mul_(_CUBIC).add_(_LINEAR).mul_(numbers).sigmoid_().mul_(numbers)


def activation(name: str) -> Activation:
    """Return the activation of this name: `gelu`, or else transformers' own module."""
    if name == "gelu_pytorch_tanh":  # of every published PaliGemma
        return gelu
    from transformers.activations import ACT2FN  # an import of two seconds

    other: Activation = ACT2FN[name]
    return other


def _by_sigmoid(numbers: torch.Tensor) -> bool:
    return numbers.dtype is torch.float32 and numbers.device.type == "cpu"
