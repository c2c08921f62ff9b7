"""What a worker lends a filter or an engine when it loads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Resources:
    """`open` reads a file the job names, wherever it lies."""

    open: Callable[[str], BinaryIO]
    device: str = "cpu"  # a torch device: cpu, cuda, cuda:1
    threads: int = 1  # for arithmetic on the CPU
