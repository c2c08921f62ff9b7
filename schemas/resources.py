"""The resources that a worker gives to filters and engines when they load."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from schemas.models import ModelReference


def _folder(reference: ModelReference) -> Path:
    return Path(reference.name)


@dataclass(frozen=True, slots=True)
class Resources:
    """The files, models and hardware for loading filters and engines.

    While a job is planned, the folder of a model from the hub contains only its configuration.
    """

    open: Callable[[str], BinaryIO]  # opens a file that the job names, in any storage
    device: str = "cpu"  # a torch device: cpu, cuda, cuda:1
    gpus: int = 1  # number of GPUs that share the model, from cuda:0; for device "cuda"
    threads: int = 1  # for arithmetic on the CPU
    model: Callable[[ModelReference], Path] = _folder  # the model's folder on this machine
