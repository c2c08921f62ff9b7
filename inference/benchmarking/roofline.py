"""The least time that answers can take on a device, from rates that were measured on it.

Reading images and prompts is bound by matrix products, at the rate of the type that is computed in.
A step of decoding reads all weights of the text tower, in the bytes that they are stored in, and
the keys and values of the rows that it continues.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from inference.families.paligemma.quantization import stored


class Rates(NamedTuple):
    """What a device can do."""

    matrix: float  # floating-point operations per second, in products of large matrices
    copy: float  # bytes read per second; a copy reads and writes each, so they count twice


class Lengths(NamedTuple):
    """Of one prompt and its answer."""

    prompt: int  # tokens, without those of the image
    answer: int  # tokens computed, the end token with them


def measured_rates(device: str, dtype: torch.dtype) -> Rates:
    """The best of ten tries each: matrices of 8192, copies of 1 GiB; on a CPU a quarter of both."""
    gpu = torch.device(device).type == "cuda"
    side = 8192 if gpu else 1024  # so large that launching counts for nothing
    left, right = torch.randn(2, side, side, device=device).to(dtype)
    source = torch.zeros((1 << 30) if gpu else (1 << 28), dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product = _best(lambda: torch.mm(left, right), device)
    copy = _best(lambda: target.copy_(source), device)
    return Rates(2 * side**3 / product, 2 * source.numel() / copy)


def least_seconds(
    model: Any, images: int, asked: Sequence[Lengths], slots: int, at: Rates
) -> float:
    """For so many images and what is asked about them, `slots` rows being continued together."""
    config = model.config.text_config
    vision, text = model.model.vision_tower, model.model.language_model
    image_tokens = config.num_image_tokens
    seen = model.config.vision_config
    looking = image_tokens * 2 * _weights(vision.encoder.layers)
    looking += seen.num_hidden_layers * 4 * image_tokens**2 * seen.hidden_size
    layers, width = config.num_hidden_layers, config.num_attention_heads * config.head_dim
    each = _weights(text.layers)
    reading = 0.0
    for lengths in asked:
        length = image_tokens + lengths.prompt
        reading += 2 * each * length + layers * 4 * length**2 * width
    size = model.dtype.itemsize
    kept = 2 * layers * config.num_key_value_heads * config.head_dim * size  # bytes of a token
    steps = [(lengths, max(lengths.answer - 1, 0)) for lengths in asked]
    continued = sum(number for _, number in steps)
    weights = sum(map(stored, _linear(text.layers))) + stored(model.lm_head)
    bytes_read = weights * continued / slots
    for lengths, number in steps:
        bytes_read += kept * number * (image_tokens + lengths.prompt + number / 2)
    return float((images * looking + reading) / at.matrix + bytes_read / at.copy)


def _weights(layers: Any) -> int:
    """Numbers in the matrices of some layers, however they are stored."""
    return sum(each.in_features * each.out_features for each in _linear(layers))


def _linear(layers: Any) -> list[Any]:
    return [each for each in layers.modules() if isinstance(each, torch.nn.Linear)]


def _best(call: Callable[[], Any], device: str) -> float:
    """Seconds."""
    found = []
    for _ in range(10):
        _wait(device)
        started = time.perf_counter()
        call()
        _wait(device)
        found.append(time.perf_counter() - started)
    return min(found)


def _wait(device: str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
