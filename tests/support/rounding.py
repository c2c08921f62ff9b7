"""Rounding errors of the floating-point types."""

from collections.abc import Mapping

import torch

UNIT = 2.0**-24  # the largest relative error of one rounding in float32
UNITS: Mapping[torch.dtype, float] = {
    torch.float32: UNIT,
    torch.float16: 2.0**-11,
    torch.bfloat16: 2.0**-8,
}


def assert_within(values: torch.Tensor, exact: torch.Tensor, error: torch.Tensor) -> None:
    """Assert that each value differs from the exact one by at most its error (both float64)."""
    assert exact.dtype == error.dtype == torch.float64
    assert ((values - exact).abs() <= error).all()
