"""Linear layers in 8-bit integers on a CPU, by torch's oneDNN kernels."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

_LEVELS = (
    63  # inputs have 7 bits, so that no sum of two products overflows 16 bits (see Int8Linear)
)
_ZERO = _LEVELS + 1  # stands for 0: the kernels take inputs without a sign
# So many rows at a time: the C library maps larger temporaries into memory anew each time.
_ROWS = 256


class Int8Linear(torch.nn.Module):
    """A linear map: [..., inputs] to [..., outputs] of the inputs' number type.

    Weights have 8 bits and a scale for each output; an input row is rounded to 7 bits with a scale
    of its own, so a row does not depend on the other rows. Their products are added as integers,
    without any rounding: an output is the same on every CPU, with any number of threads and rows.

    Without VNNI, a CPU adds pairs of products in 16 bits: 2 * 127 * 127 fits, 2 * 255 * 127 would
    not.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.out_features, self.in_features = linear.weight.shape
        weight = linear.weight.detach().float()
        scale = _scale(weight, 127)
        whole = (weight / scale).round().to(torch.int8)
        self.scale: torch.Tensor
        self.register_buffer("scale", scale.flatten(), persistent=False)
        self.register_buffer("zero", torch.zeros(len(weight), dtype=torch.long), persistent=False)
        self.bias = linear.bias
        # oneDNN's own layout, which is no strided tensor: a buffer of a module would be copied.
        self._packed: torch.Tensor = torch.ops.onednn.qlinear_prepack(whole, None)

    @property
    def stored_bytes(self) -> int:
        """The bytes of the weights and their scales."""
        return self.in_features * self.out_features + self.scale.nbytes

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return apply_int8([self], inputs)

    def multiply(self, rows: "Int8Rows") -> torch.Tensor:
        """Map quantized rows: float32 [rows, outputs]."""
        product: torch.Tensor = torch.ops.onednn.qlinear_pointwise(
            rows.levels, 1.0, _ZERO, self._packed, self.scale, self.zero,
            None, 1.0, 0, torch.float32, "none", [], "",
        )  # fmt: skip
        product *= rows.scale
        if self.bias is not None:
            product += self.bias
        return product


class Int8Rows(NamedTuple):
    """Input rows, each rounded with a scale of its own."""

    levels: torch.Tensor  # uint8 [rows, inputs]
    scale: torch.Tensor  # float32 [rows, 1]


def apply_int8(layers: Sequence[Int8Linear], inputs: torch.Tensor) -> torch.Tensor:
    """Apply several layers to the same inputs: [..., inputs] to [..., all outputs].

    Inputs are quantized once for all layers.
    """
    rows = inputs.reshape(-1, inputs.shape[-1])
    widths = [layer.out_features for layer in layers]
    outputs = rows.new_empty(len(rows), sum(widths))
    for part, columns in zip(torch.split(rows, _ROWS), torch.split(outputs, _ROWS), strict=True):
        quantized = _quantize(part)
        for layer, columns_of_layer in zip(layers, torch.split(columns, widths, -1), strict=True):
            columns_of_layer.copy_(layer.multiply(quantized))
    return outputs.reshape(*inputs.shape[:-1], sum(widths))


def _quantize(inputs: torch.Tensor) -> Int8Rows:
    rows = inputs.float()
    scale = _scale(rows, _LEVELS)
    return Int8Rows((rows / scale).round_().add_(_ZERO).to(torch.uint8), scale)


def _scale(rows: torch.Tensor, levels: int) -> torch.Tensor:
    """Return the size of a level in each row, [rows, 1]; 1 for a row of zeros."""
    largest = rows.abs().amax(-1, keepdim=True)
    return torch.where(largest == 0, 1.0, largest / levels)


def unquantized_type() -> torch.dtype:
    """Return the number type of all other weights: the faster one on this CPU.

    Without instructions for bfloat16, torch multiplies bfloat16 at a seventh of float32's rate.
    """
    has_bfloat16 = torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if has_bfloat16 else torch.float32


def quantize_linears(layers: torch.nn.Module) -> None:
    """Replace the linear layers in `layers` by Int8Linear, one by one, in place.

    The matrices of a LoRA keep their number type.
    """
    for name, module in list(layers.named_modules()):
        if type(module) is torch.nn.Linear and ".lora_" not in name:
            layers.set_submodule(name, Int8Linear(module))
