"""The choice of a device, made once, before work starts."""

from typing import Literal

from schemas.errors import JobError


def resolve_device(device: Literal["auto", "cpu", "cuda"]) -> Literal["cpu", "cuda"]:
    """`auto` is a GPU where there is one; a GPU that is asked for must be there."""
    if device == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise JobError("model.device: no CUDA device is visible here: use auto or cpu")
    return "cpu"
