"""What torch's compiler needs of the machine, and what of it the tests rely on."""

import shutil
import sysconfig
from functools import cache
from pathlib import Path

import pytest
import torch

from inference.families.paligemma.kernels import Kernels, flex_attention, fused

_HEADER = Path(sysconfig.get_path("include")) / "Python.h"

needs_compiler = pytest.mark.skipif(
    not shutil.which("g++") or not _HEADER.exists(),
    reason="torch compiles with g++ and Python's headers: they are not installed",
)


@cache
def fused_for_cpu() -> Kernels:
    """The compiled kernels, with flex attention traced alike but run by torch's own operations.

    The engine compiles for GPUs alone. What torch 2.13 compiles of flex attention for CPUs without
    AVX-512 is wrong: at some lengths it reads memory that nothing was written to.

    What torch compiled before, it finds again by a key that leaves out the instruction set.
    """
    torch.compiler.config.cache_key_tag = torch.backends.cpu.get_cpu_capability()
    traced = torch.compile(flex_attention, backend="aot_eager", dynamic=True, fullgraph=True)
    return fused()._replace(prefix_attention=traced)
