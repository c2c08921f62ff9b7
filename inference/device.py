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


def on_devices(device: str, gpus: int) -> list[str]:
    """The devices of one model: the one, or so many GPUs; JobError where there are fewer."""
    import torch

    if device == "cpu" or gpus == 1:
        return [device]
    if gpus > torch.cuda.device_count():
        raise JobError(
            f"runner.gpus_per_worker: {gpus}, but a worker sees {torch.cuda.device_count()} GPUs"
        )
    return [f"cuda:{gpu}" for gpu in range(gpus)]


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
