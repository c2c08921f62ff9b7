"""Fused linear modules compute the same as separate ones, and so do slices of their outputs."""

import copy
from collections.abc import Sequence

import pytest
import torch
from support.rounding import UNIT, assert_within

from inference.families.paligemma.linear import FusedLinear, Linear, SeparateLinears, fuse_linears

SIZES = (6, 2, 4)  # outputs
INPUTS = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))


class Doubled(torch.nn.Linear):
    """A layer that does more than multiply with its matrix, so it cannot be fused."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(inputs)


def modules(*kinds: type[torch.nn.Linear], bias: bool) -> list[torch.nn.Linear]:
    return [kind(8, size, bias=bias) for kind, size in zip(kinds, SIZES, strict=True)]


def exactly(modules: Sequence[torch.nn.Linear]) -> tuple[torch.Tensor, torch.Tensor]:
    """The outputs in float64, and the largest error in float32: one unit for each of 9 terms."""
    inputs = INPUTS.double()
    exact, sizes = [], []
    for each in modules:
        module = copy.deepcopy(each).double()
        exact.append(module(inputs))
        for weight in module.parameters():
            weight.data.abs_()
        sizes.append(module(inputs.abs()))
    return torch.cat(exact, dim=-1), 9 * UNIT * torch.cat(sizes, dim=-1)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(
    ("kinds", "expected_type"),
    [
        ((torch.nn.Linear,) * 3, FusedLinear),
        ((Doubled,) * 3, SeparateLinears),
        ((torch.nn.Linear, Doubled, torch.nn.Linear), SeparateLinears),
    ],
)
def test_fused_modules(
    kinds: tuple[type[torch.nn.Linear], ...], expected_type: type[Linear], bias: bool
) -> None:
    separate = modules(*kinds, bias=bias)
    whole = fuse_linears(*separate)
    assert isinstance(whole, expected_type)
    with torch.inference_mode():
        expected, error = exactly(separate)
        assert_within(whole(INPUTS), expected, error)
        for start, end in ((0, 6), (6, None), (0, 8), (6, 8), (8, None), (0, None)):
            part = ..., slice(start, end)
            assert_within(whole.slice_outputs(start, end)(INPUTS), expected[part], error[part])


def test_a_slice_inside_a_separate_module_is_refused() -> None:
    whole = fuse_linears(*modules(Doubled, Doubled, Doubled, bias=False))
    with pytest.raises(ValueError, match="is not in list"):
        whole.slice_outputs(0, 5)


def test_matrices_are_not_held_twice() -> None:
    separate = modules(*(torch.nn.Linear,) * 3, bias=True)
    whole = fuse_linears(*separate)
    assert isinstance(whole, FusedLinear)
    storages = {module.weight.untyped_storage().data_ptr() for module in separate}
    assert storages == {whole.weight.untyped_storage().data_ptr()}
