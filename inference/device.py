"""Chooses the device of a job, once, before work starts, and asks GPUs for their sizes."""

import os
import sys
from glob import glob
from importlib.util import find_spec
from typing import Literal

import numpy as np

from schemas.errors import JobError

# Device files of GPUs: NVIDIA's, those of its embedded boards, AMD's, and WSL's.
_GPU_FILES = ("/dev/nvidia*", "/dev/nvhost*", "/dev/nvmap", "/dev/kfd", "/dev/dxg")


def resolve_device(
    device: Literal["auto", "cpu", "cuda"], workers_have_gpus: bool = False
) -> Literal["cpu", "cuda"]:
    """Resolve `auto` to a GPU if there is one; raise JobError for `cuda` without a GPU.

    Without torch, which only jobs with a model need, `auto` is `cpu`. With `workers_have_gpus`,
    `auto` and `cuda` are `cuda`, whatever this machine has.
    """
    if device == "cpu":
        return "cpu"
    if workers_have_gpus:
        return "cuda"
    if device == "auto" and find_spec("torch") is None:
        return "cpu"
    if _has_gpu():
        return "cuda"
    if device == "cuda":
        raise JobError("model.device: no CUDA device is visible here: use auto or cpu")
    return "cpu"


def _has_gpu() -> bool:
    """Whether torch sees a GPU.

    The import of torch takes some 3 CPU-seconds, so torch is not imported just to ask it on a
    machine without any device file of a GPU.
    """
    if "torch" not in sys.modules and not any(glob(pattern) for pattern in _GPU_FILES):
        return False
    import torch

    return torch.cuda.is_available()


def device_type(device: str, uses_torch: bool) -> str:
    """Name the hardware that determines rounding: a GPU's name, or a CPU's instruction set.

    `uses_torch` is whether the job computes with torch, or with numpy alone.
    """
    if not uses_torch:
        return f"CPU with {_numpy_instructions()}"
    import torch

    if device == "cpu":
        return f"CPU with {torch.backends.cpu.get_cpu_capability()}"
    return torch.cuda.get_device_name(device)


def _numpy_instructions() -> str:
    """Name the vector instructions that numpy uses on this CPU as torch names them."""
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    known = {*extensions["baseline"], *extensions["found"]}
    names = {"X86_V4": "AVX512", "X86_V3": "AVX2"}  # on x86-64; others are all DEFAULT
    return next((name for level, name in names.items() if level in known), "DEFAULT")


def model_devices(device: str, gpus: int) -> list[str]:
    """List the devices of one model: `device`, or `gpus` GPUs; raise JobError for too few GPUs."""
    import torch

    if device == "cpu" or gpus == 1:
        return [device]
    if gpus > torch.cuda.device_count():
        raise JobError(
            f"runner.gpus_per_worker: {gpus}, but a worker sees {torch.cuda.device_count()} GPUs"
        )
    return [f"cuda:{gpu}" for gpu in range(gpus)]


def smallest_gpu_memory() -> int | None:
    """Return the bytes of memory of this machine's smallest GPU; None without a GPU."""
    import torch

    gpus = range(torch.cuda.device_count())
    return min((torch.cuda.get_device_properties(gpu).total_memory for gpu in gpus), default=None)


def visible_gpus() -> list[str]:
    """List this machine's GPUs by their names in CUDA_VISIBLE_DEVICES, else by their numbers."""
    import torch

    names = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()
    return names.split(",")[:count] if names else [str(index) for index in range(count)]
