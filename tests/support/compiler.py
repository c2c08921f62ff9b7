"""Skips tests where torch cannot compile; compiles or traces kernels for tests on a CPU."""

import shutil
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from inference.families.paligemma.kernels import PLAIN, Kernels, flex_attention, fused

_HEADER = Path(sysconfig.get_path("include")) / "Python.h"

needs_compiler = pytest.mark.skipif(
    not shutil.which("g++") or not _HEADER.exists(),
    reason="torch compiles with g++ and Python's headers: they are not installed",
)


@cache
def fused_for_cpu() -> Kernels:
    """Compile the kernels, but trace flex attention and run it with torch's own operations.

    The engine compiles for GPUs alone. torch 2.13 compiles flex attention wrongly for CPUs without
    AVX-512: at some lengths the result reads uninitialized memory.

    The cache key of torch's compiler omits the instruction set, so it is added to the key here.
    """
    torch.compiler.config.cache_key_tag = torch.backends.cpu.get_cpu_capability()
    return fused()._replace(prefix_attention=_traced(flex_attention))


def traced_for_cpu() -> Kernels:
    """Trace the kernels as for a GPU, but run them with torch's own operations.

    Generating and compiling C++, which a GPU does not run, would take most of a minute.
    """
    return Kernels(*map(_traced, PLAIN._replace(prefix_attention=flex_attention)))


def _traced(kernel: Any) -> Any:
    return torch.compile(kernel, backend="aot_eager", dynamic=True, fullgraph=True)
