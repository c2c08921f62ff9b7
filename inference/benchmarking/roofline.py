"""The least time that answers can take on a device, from rates that were measured on it.

Encoding images and prefilling prompts are bound by matrix products, at the measured rate of the
computing dtype. A decode step is bound by memory: it reads all weights of the language model, in
the bytes that they are stored in, and the keys and values of the rows that it decodes.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from inference.families.loaded_model import Workload


class Rates(NamedTuple):
    """The measured rates of a device."""

    matrix: float  # floating-point operations per second, in products of large matrices
    copy: float  # bytes per second; a copy reads and writes each byte, so it counts twice


class Lengths(NamedTuple):
    """The lengths of one prompt and its answer."""

    prompt: int  # tokens, without the image tokens
    answer: int  # generated tokens, the end token included


def measured_rates(device: str, dtype: torch.dtype) -> Rates:
    """Measure the best of ten products of 8192 x 8192 matrices, and of ten copies of 1 GiB.

    On a CPU the matrices are 1024 x 1024, and the copies 256 MiB. There are fewer than ten where
    they take more than a second: without instructions for bfloat16, a CPU takes seconds for one.
    """
    on_gpu = torch.device(device).type == "cuda"
    side = 8192 if on_gpu else 1024  # so large that the launch of a kernel does not count
    left, right = torch.randn(2, side, side, device=device).to(dtype)
    source = torch.zeros((1 << 30) if on_gpu else (1 << 28), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product_seconds = _fastest_call(lambda: torch.mm(left, right), device)
    copy_seconds = _fastest_call(lambda: target.copy_(source), device)
    return Rates(2 * side**3 / product_seconds, 2 * source.numel() / copy_seconds)


def least_seconds(
    workload: Workload, images: int, answers: Sequence[Lengths], slots: int, rates: Rates
) -> float:
    """Return the least seconds for `images` images and the answers about them.

    `slots` rows are decoded together.
    """
    prefill_operations = 0.0
    for lengths in answers:
        length = workload.image_tokens + lengths.prompt
        prefill_operations += 2 * workload.layer_weights * length
        prefill_operations += workload.attention_operations * length**2
    steps = [(lengths, max(lengths.answer - 1, 0)) for lengths in answers]
    bytes_read = workload.weight_bytes * sum(count for _, count in steps) / slots
    for lengths, count in steps:
        columns = workload.image_tokens + lengths.prompt + count / 2
        bytes_read += workload.token_bytes * count * columns
    operations = images * workload.vision_operations + prefill_operations
    return float(operations / rates.matrix + bytes_read / rates.copy)


def _fastest_call(call: Callable[[], Any], device: str) -> float:
    """Time ten calls, or those that begin within a second; return the least seconds of one."""
    seconds: list[float] = []
    while len(seconds) < 10 and sum(seconds) < 1:
        _synchronize(device)
        started = time.perf_counter()
        call()
        _synchronize(device)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _synchronize(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
