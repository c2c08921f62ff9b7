"""Linear modules joined answer like the modules one after the other, and so do their parts."""

import copy
from collections.abc import Sequence

import pytest
import torch
from support.rounding import UNIT, assert_within

from inference.families.paligemma.linear import Beside, Linear, Matrix, joined

SIZES = (6, 2, 4)  # outputs
INPUTS = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))


class Doubled(torch.nn.Linear):
    """What is more than its matrix."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(inputs)


def modules(*kinds: type[torch.nn.Linear], bias: bool) -> list[torch.nn.Linear]:
    return [kind(8, size, bias=bias) for kind, size in zip(kinds, SIZES, strict=True)]


def exactly(modules: Sequence[torch.nn.Linear]) -> tuple[torch.Tensor, torch.Tensor]:
    """What they answer, in float64, and what float32 may be off by: a unit for each term."""
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
    ("kinds", "found"),
    [
        ((torch.nn.Linear,) * 3, Matrix),
        ((Doubled,) * 3, Beside),
        ((torch.nn.Linear, Doubled, torch.nn.Linear), Beside),
    ],
)
def test_joined_modules(
    kinds: tuple[type[torch.nn.Linear], ...], found: type[Linear], bias: bool
) -> None:
    separate = modules(*kinds, bias=bias)
    whole = joined(*separate)
    assert isinstance(whole, found)
    with torch.inference_mode():
        expected, error = exactly(separate)
        assert_within(whole(INPUTS), expected, error)
        for start, end in ((0, 6), (6, None), (0, 8), (6, 8), (8, None), (0, None)):
            part = ..., slice(start, end)
            assert_within(whole.part(start, end)(INPUTS), expected[part], error[part])


def test_a_part_of_a_module_that_is_called_whole_is_not_given() -> None:
    whole = joined(*modules(Doubled, Doubled, Doubled, bias=False))
    with pytest.raises(ValueError, match="is not in list"):
        whole.part(0, 5)


def test_matrices_are_not_held_twice() -> None:
    separate = modules(*(torch.nn.Linear,) * 3, bias=True)
    whole = joined(*separate)
    assert isinstance(whole, Matrix)
    storages = {each.weight.untyped_storage().data_ptr() for each in separate}
    assert storages == {whole.weight.untyped_storage().data_ptr()}
