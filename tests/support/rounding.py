"""What float32 and other types of few digits may be off by."""

from collections.abc import Mapping

import torch

UNIT = 2.0**-24  # of float32: what rounding once moves a number by, at most, in parts of itself
UNITS: Mapping[torch.dtype, float] = {
    torch.float32: UNIT,
    torch.float16: 2.0**-11,
    torch.bfloat16: 2.0**-8,
}


def assert_within(found: torch.Tensor, exact: torch.Tensor, error: torch.Tensor) -> None:
    """Every number is off by no more than its error; `exact` and `error` are float64."""
    assert exact.dtype == error.dtype == torch.float64
    assert ((found - exact).abs() <= error).all()
