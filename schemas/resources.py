"""What a worker lends a filter or an engine when it loads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from schemas.models import ModelReference


def _folder(reference: ModelReference) -> Path:
    return Path(reference.name)


@dataclass(frozen=True, slots=True)
class Resources:
    """`open` reads a file the job names, wherever it lies; `model` gives a model's folder.

    While a job is planned, the folder of a model on the hub holds its configuration alone.
    """

    open: Callable[[str], BinaryIO]
    device: str = "cpu"  # a torch device: cpu, cuda, cuda:1
    gpus: int = 1  # over which the model is split, where the device is a GPU: cuda:0 and on
    threads: int = 1  # for arithmetic on the CPU
    model: Callable[[ModelReference], Path] = _folder  # by default, the folder that it names
