"""Tests the linear layers of 8-bit integers on a CPU against exact arithmetic."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import random_adapter

from inference.families.paligemma import loading
from inference.families.paligemma.int8_linear import Int8Linear, unquantized_type

UNIT = 2.0**-24  # rounding of one float32


def linear(inputs: int, outputs: int, seed: int = 0, bias: bool = False) -> torch.nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Linear(inputs, outputs, bias=bias).requires_grad_(False)


def normal(rows: int, inputs: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(rows, inputs, generator=torch.Generator().manual_seed(seed))


def plain(layer: torch.nn.Linear, rows: torch.Tensor) -> torch.Tensor:
    """The same rounding of weights and inputs, multiplied and added without any error."""
    weight, rows = layer.weight.float(), rows.float()
    of_weight = weight.abs().amax(1, keepdim=True) / 127
    of_rows = rows.abs().amax(1, keepdim=True) / 63
    whole_weight = (weight / of_weight).round().nan_to_num().double()
    whole_rows = (rows / of_rows).round().nan_to_num().double()
    product = (whole_rows @ whole_weight.T) * of_weight.double().T * of_rows.double()
    return product if layer.bias is None else product + layer.bias.double()


@pytest.mark.parametrize("bias", [False, True])
@given(
    rows=st.integers(1, 40),
    inputs=st.integers(1, 300),
    outputs=st.integers(1, 200),
    seed=st.integers(0, 9),
)
@settings(max_examples=30)
def test_products_are_exact(rows: int, inputs: int, outputs: int, seed: int, bias: bool) -> None:
    layer = linear(inputs, outputs, seed, bias)
    given = normal(rows, inputs, seed)
    expected = plain(layer, given)
    # The sum as float32, times two scales, plus a bias.
    size = expected.abs() + (0 if layer.bias is None else layer.bias.abs())
    assert ((Int8Linear(layer)(given) - expected).abs() <= 5 * UNIT * size + 1e-30).all()


def test_the_largest_products_do_not_overflow() -> None:
    """A CPU without VNNI adds pairs of products in 16 bits."""
    layer = linear(4096, 64)
    for sign in (1, -1):
        layer.weight[:] = sign
        rows = torch.ones(8, 4096)
        rows[4:] = -1
        expected = torch.full((8, 64), 4096.0 * sign)
        expected[4:] *= -1
        outputs = Int8Linear(layer)(rows)
        assert torch.allclose(outputs, expected, rtol=5 * UNIT, atol=0)


def test_a_row_depends_on_neither_other_rows_nor_threads() -> None:
    layer, rows = (
        Int8Linear(linear(577, 130)),
        normal(600, 577),
    )  # more than are multiplied at a time
    whole = layer(rows)
    rows[1:] *= 1000
    assert torch.equal(layer(rows)[0], whole[0])
    assert torch.equal(layer(rows[:1])[0], whole[0])
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3 - min(threads, 2))
        assert torch.equal(layer(rows)[0], whole[0])
    finally:
        torch.set_num_threads(threads)


def test_rows_of_zeros_and_of_infinite_numbers() -> None:
    layer = Int8Linear(linear(64, 32))
    rows = torch.zeros(4, 64, dtype=torch.bfloat16)
    rows[1, 3], rows[2, 3], rows[3] = float("inf"), float("nan"), 1e38
    outputs = layer(rows)
    assert outputs.dtype is torch.bfloat16
    assert not outputs[0].any()
    assert not outputs[1:3].isfinite().any()  # the engine ends the run
    assert outputs[3].isfinite().all()


def test_shape_and_bytes() -> None:
    layer = Int8Linear(linear(24, 40))
    assert layer(torch.ones(2, 3, 24)).shape == (2, 3, 40)
    assert layer.stored_bytes == 24 * 40 + 40 * 4


def test_an_adapter_replaces_a_matrix_before_it_is_quantized(
    checkpoint: Callable[..., Path], tmp_path: Path
) -> None:
    adapter = random_adapter.build(
        checkpoint(1), tmp_path, target_modules=["q_proj"], modules_to_save=["o_proj"]
    )
    model = loading.load(checkpoint(1), "int8", ["cpu"], adapter).model
    precision = str(unquantized_type()).removeprefix("torch.")
    plain_model = loading.load(checkpoint(1), precision, ["cpu"], adapter).model
    name = "model.language_model.layers.0.self_attn.o_proj"
    replaced = model.get_submodule(name)
    assert isinstance(replaced, Int8Linear)
    rows = normal(3, replaced.in_features)
    assert torch.equal(replaced(rows), Int8Linear(plain_model.get_submodule(name))(rows))
