"""The choice of a device, made once, before work starts."""

import os
from typing import Literal

from schemas.errors import JobError


def resolve_device(
    device: Literal["auto", "cpu", "cuda"], lent: bool = False
) -> Literal["cpu", "cuda"]:
    """`auto` is a GPU where there is one; a GPU that is asked for must be there.

    `lent` says that workers elsewhere have one, whatever this machine has.
    """
    if device == "cpu":
        return "cpu"
    if lent:
        return "cuda"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise JobError("model.device: no CUDA device is visible here: use auto or cpu")
    return "cpu"


def device_type(device: str) -> str:
    """What rounds sums in its own way: the name of a GPU, or the instructions of a CPU."""
    import torch

    if device == "cpu":
        return f"CPU with {torch.backends.cpu.get_cpu_capability()}"
    return torch.cuda.get_device_name(device)


def smallest_memory() -> int | None:
    """Bytes of the GPU here that has the least; None where there is none."""
    import torch

    gpus = range(torch.cuda.device_count())
    return min((torch.cuda.get_device_properties(gpu).total_memory for gpu in gpus), default=None)


def visible_gpus() -> list[str]:
    """The GPUs of this machine as CUDA_VISIBLE_DEVICES names them."""
    import torch

    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    number = torch.cuda.device_count()
    return named.split(",")[:number] if named else [str(index) for index in range(number)]
