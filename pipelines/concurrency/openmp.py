"""Lets the OpenMP threads of torch sleep while they wait."""

import os
import sys
import warnings


def wait_passively() -> None:
    """Set `OMP_WAIT_POLICY=passive`, unless the user has set the variable.

    OpenMP threads spin while they wait for each other, and so take the cores from decoding and from
    other processes. OpenMP reads the variable when torch is imported, so call this before. Warns if
    torch is imported already.
    """
    if "OMP_WAIT_POLICY" in os.environ:
        return
    os.environ["OMP_WAIT_POLICY"] = "passive"  # child processes inherit it
    if "torch" in sys.modules:
        warnings.warn(
            "torch was imported before shardmill, so its threads spin while they wait, which is "
            "slow on busy cores: import shardmill first, or set OMP_WAIT_POLICY=passive",
            stacklevel=2,
        )
